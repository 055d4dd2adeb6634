import type { FindingCode } from '../../src/bundle/finding.js';
import type { CorpusBase } from './corpus-base.js';

/** One bundle that somebody tampered with, and what a validator has to say about it. */
export interface CorpusCase {
  /** What was done to the bundle, unique in its family. */
  readonly name: string;
  /** Every code of the report, sorted. */
  readonly codes: readonly FindingCode[];
  /** The same when it is read as a foreign image layout; absent where that says nothing about layouts. */
  readonly inLayout?: readonly FindingCode[] | undefined;
  /** `tar` cases are packed in every way there is; a `tgz` case is about the packing itself. */
  readonly form: 'tar' | 'tgz';
  /** Makes the file. */
  readonly build: (base: CorpusBase) => Buffer | Promise<Buffer>;
}

/** Cases of one kind. */
export interface CorpusFamily {
  readonly name: string;
  /** Made from the bundle, since some families have a case for each of its entries. */
  readonly cases: (base: CorpusBase) => readonly CorpusCase[];
}

/** A case whose archive is packed in every way. */
export function tarCase(
  name: string,
  codes: FindingCode | readonly FindingCode[],
  build: CorpusCase['build'],
  inLayout?: FindingCode | readonly FindingCode[],
): CorpusCase {
  return {
    name,
    codes: listOf(codes),
    build,
    form: 'tar',
    inLayout: inLayout === undefined ? undefined : listOf(inLayout),
  };
}

function listOf(codes: FindingCode | readonly FindingCode[]): readonly FindingCode[] {
  return (typeof codes === 'string' ? [codes] : [...codes]).sort();
}
