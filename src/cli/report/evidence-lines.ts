import { sourceOf } from '../draw-discovery.js';
import { countOf } from '../format-size.js';
import { leftOut } from '../left-out.js';
import type { Statement } from './report-view.js';

/** What was found out about one manifest, and where. */
export interface Asked {
  readonly source: 'api' | 'tag-schema' | 'layout' | 'bundle';
  readonly host: string;
  readonly isConfirmed: boolean;
  readonly referrers: number;
  /** Referrers that are not shown. */
  readonly filtered: number;
  /** How many are unchanged, where that was checked. */
  readonly intact?: number | undefined;
}

/** Writes what is known about the referrers of each manifest. */
export interface EvidenceWriter {
  /** For one manifest; who confirmed it is said only where that is not the same for all. */
  readonly line: (asked: Asked) => Statement;
  /** For all of them, one line per endpoint and host. */
  readonly summary: readonly Statement[];
}

/** @param isFiltered - whether referrers that are not shown were left out by a filter */
export function createEvidence(all: readonly Asked[], isFiltered: boolean): EvidenceWriter {
  const groups = new Map<string, Asked[]>();
  for (const asked of all) {
    const key = JSON.stringify([asked.isConfirmed, sourceOf(asked)]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [asked]);
    else group.push(asked);
  }
  return {
    line: (asked) => lineOf(asked, groups.size > 1, isFiltered),
    summary: [...groups.values()].flatMap(([first, ...rest]) => (first === undefined ? [] : [summaryOf(first, rest)])),
  };
}

function lineOf(asked: Asked, isNamed: boolean, isFiltered: boolean): Statement {
  const { referrers, isConfirmed, intact } = asked;
  const count = referrers === 0 ? 'no referrers' : countOf(referrers, 'referrer');
  const by = isNamed ? ` by the ${sourceOf(asked)}` : '';
  const parts = [isConfirmed ? `${count}: confirmed${by}` : `${count}: NOT confirmed${by}`];
  const left = leftOut(asked.filtered, isFiltered);
  if (left !== undefined) parts.push(left);
  if (intact !== undefined && referrers > 0) parts.push(`${intact} of ${referrers} unchanged`);
  const isIntact = intact === undefined || intact === referrers;
  return { tone: isConfirmed && isIntact ? 'good' : 'bad', text: parts.join('; ') };
}

function summaryOf(first: Asked, rest: readonly Asked[]): Statement {
  const all = [first, ...rest];
  const referrers = all.reduce((total, asked) => total + asked.referrers, 0);
  const none = all.filter((asked) => asked.referrers === 0).length;
  const empty = none === 0 ? '' : `, none for ${none} of them`;
  const what = `Asked what refers to ${countOf(all.length, 'manifest')}: ${countOf(referrers, 'referrer')}${empty}.`;
  return first.isConfirmed
    ? { tone: 'good', text: `${what} Confirmed by the ${sourceOf(first)}.` }
    : { tone: 'bad', text: `${what} NOT confirmed by the ${sourceOf(first)}: referrers may be missing.` };
}
