import { type Discovery, nameOfChild, type SubjectView } from '../discovery.js';
import { sourceOf } from '../draw-discovery.js';
import { countOf, formatSize } from '../format-size.js';
import { countReferrers } from './count-referrers.js';
import { type Asked, createEvidence, type EvidenceWriter } from './evidence-lines.js';
import { growTrees } from './grow-tree.js';
import { factsOf } from './node-facts.js';
import type { Fact, NodeFacts, ReportView, Statement } from './report-view.js';

/** Makes a report of what refers to an image. */
export function viewDiscovery(discovery: Discovery, isFiltered: boolean): ReportView {
  const { reference, digest, mediaType, size, subjects, warnings } = discovery;
  const evidence = createEvidence(subjects.map(askedOf), isFiltered);
  const bySubject = new Map(subjects.map((subject) => [subject.digest, subject]));
  const withEvidence = (facts: NodeFacts): NodeFacts => addEvidence(facts, bySubject.get(facts.digest), evidence);
  const root: NodeFacts = { kind: 'image', name: reference, digest, size, annotations: [], notes: [] };
  const grown = growTrees([withEvidence(root)], (node) => childrenOf(bySubject.get(node.digest)).map(withEvidence));
  return {
    kind: 'What refers to an image',
    title: reference,
    id: digest,
    verdict: verdictOf(discovery),
    facts: discoveryFacts(discovery),
    categories: countReferrers(subjects.map(({ referrers }) => referrers)).categories,
    details: [
      ['Pinned by digest', discovery.name],
      ['Media type', mediaType],
    ],
    findingsDropped: 0,
    ...grown,
    evidence: [...evidence.summary, ...notAsked(discovery)],
    warnings,
  };
}

function childrenOf(subject: SubjectView | undefined): readonly NodeFacts[] {
  if (subject === undefined) return [];
  const manifests = subject.manifests.map((child): NodeFacts => {
    const { digest, size } = child;
    return { kind: 'manifest', name: nameOfChild(child), digest, size, annotations: [], notes: [] };
  });
  return [...manifests, ...subject.referrers.map(factsOf)];
}

function askedOf({ source, host, referrers, filtered }: SubjectView): Asked {
  return { source, host, isConfirmed: true, referrers: referrers.length, filtered };
}

function addEvidence(facts: NodeFacts, subject: SubjectView | undefined, evidence: EvidenceWriter): NodeFacts {
  return subject === undefined ? facts : { ...facts, evidence: evidence.line(askedOf(subject)) };
}

function verdictOf({ subjects, warnings }: Discovery): Statement {
  const { total } = countReferrers(subjects.map(({ referrers }) => referrers));
  const sources = new Set(subjects.map(sourceOf));
  const by = sources.size === 1 ? `the ${[...sources].join('')}` : `${sources.size} endpoints`;
  const count = total === 0 ? 'No referrers' : countOf(total, 'referrer');
  const noted = warnings.length === 0 ? '' : `, with ${countOf(warnings.length, 'warning')}`;
  return { tone: warnings.length === 0 ? 'good' : 'notice', text: `${count}: confirmed by ${by}${noted}` };
}

function discoveryFacts({ size, subjects, warnings }: Discovery): readonly Fact[] {
  const { total, manifestBytes } = countReferrers(subjects.map(({ referrers }) => referrers));
  const filtered = subjects.reduce((sum, subject) => sum + subject.filtered, 0);
  const shown = filtered === 0 ? 'none left out' : `${filtered} more left out`;
  return [
    { label: 'Referrers', value: `${total}`, note: shown, tone: 'plain' },
    { label: 'Manifests asked about', value: `${subjects.length}`, note: 'every answer confirmed', tone: 'good' },
    { label: "Referrers' manifests", value: formatSize(manifestBytes), note: 'without what they carry', tone: 'plain' },
    { label: "Image's manifest", value: formatSize(size), tone: 'plain' },
    { label: 'Warnings', value: `${warnings.length}`, tone: warnings.length === 0 ? 'good' : 'notice' },
  ];
}

/** A list of one manifest says nothing about what refers to its referrers or platforms. */
function notAsked({ subjects }: Discovery): readonly Statement[] {
  const asked = new Set(subjects.map(({ digest }) => digest));
  const others = new Set(subjects.flatMap(({ referrers }) => referrers.map(({ digest }) => digest)));
  const count = [...others].filter((digest) => !asked.has(digest)).length;
  if (count === 0) return [];
  const text = `Nobody was asked what refers to ${countOf(count, 'of these referrers', 'of these referrers')}; --recursive asks`;
  return [{ tone: 'plain', text }];
}
