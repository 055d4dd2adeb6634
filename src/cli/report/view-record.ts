import type { BundleImage, BundleRecord, BundleSubject, Descriptor } from '../../index.js';
import { nameOfChild } from '../discovery.js';
import { describeExternal, sizeOf } from '../draw-record.js';
import { countOf, formatSize } from '../format-size.js';
import { type ImageTree, imageTrees } from '../record-trees.js';
import { countReferrers } from './count-referrers.js';
import { type Asked, createEvidence } from './evidence-lines.js';
import { growTrees } from './grow-tree.js';
import { factsOf } from './node-facts.js';
import type { Fact, NodeFacts, ReportView, Statement } from './report-view.js';
import {
  describeSignatures,
  groupFindings,
  signedFact,
  troubleByDigest,
  type Validated,
  verdictOf,
} from './view-validation.js';

/** What a report of a bundle is made from. */
export interface BundleFacts {
  /** Name of the file. */
  readonly title: string;
  /** Absent where the file is too damaged to say what is in it. */
  readonly record: BundleRecord | undefined;
  /** What indexes in the bundle say of their manifests, by digest; a record says nothing of them. */
  readonly manifests?: ReadonlyMap<string, Descriptor> | undefined;
  /** Absent where nothing was validated. */
  readonly validated?: Validated | undefined;
}

/** Makes a report of a bundle: what it says about itself and, where it was validated, whether that is so. */
export function viewBundle(facts: BundleFacts): ReportView {
  const { title, record, validated } = facts;
  const report = validated?.report;
  const subjects = record?.referrers.subjects ?? [];
  const evidence = createEvidence(
    subjects.map((list) => askedOf(list)),
    true,
  );
  return {
    kind: 'Bundle of images and what refers to them',
    title,
    id: record?.bundleId,
    verdict: report === undefined ? unchecked : verdictOf(report),
    facts: [
      ...(record === undefined ? [] : recordFacts(record)),
      ...(validated === undefined ? [] : [signedFact(validated)]),
    ],
    categories: countReferrers(subjects.map(({ artifacts }) => artifacts)).categories,
    details: record === undefined ? [] : recordDetails(record),
    findings: report === undefined ? undefined : groupFindings(report.findings),
    findingsDropped: report?.findingsDropped ?? 0,
    signatures: validated === undefined ? undefined : describeSignatures(validated),
    ...growImages(facts, (asked) => evidence.line(asked)),
    evidence: evidence.summary,
    warnings: [],
  };
}

const unchecked: Statement = {
  tone: 'notice',
  text: 'Not validated: this is what the bundle says about itself',
};

function growImages(
  { record, manifests, validated }: BundleFacts,
  lineOf: (asked: Asked) => Statement,
): Pick<ReportView, 'roots' | 'rootsLeftOut'> {
  const trouble = troubleByDigest(validated?.report.findings ?? []);
  const intact = new Map(validated?.report.subjects.map(({ image, subject, ok }) => [`${image} ${subject}`, ok]));
  const trees = new Map<NodeFacts, ImageTree>();
  const dress = (facts: NodeFacts, list: BundleSubject | undefined): NodeFacts => ({
    ...facts,
    ...(list === undefined ? {} : { evidence: lineOf(askedOf(list, intact.get(`${list.reference} ${list.subject}`))) }),
    ...(trouble.has(facts.digest) ? { trouble: trouble.get(facts.digest) } : {}),
  });
  const roots = (record === undefined ? [] : imageTrees(record)).map((tree) => {
    const root = dress(imageFacts(tree.image), tree.lists.get(tree.image.digest));
    trees.set(root, tree);
    return root;
  });
  return growTrees(roots, (node, root) => {
    const tree = trees.get(root);
    if (tree === undefined) return [];
    const platforms =
      node === root ? tree.below.map(({ subject }) => manifestFacts(subject, manifests?.get(subject))) : [];
    const referrers = tree.lists.get(node.digest)?.artifacts.map(factsOf) ?? [];
    return [...platforms, ...referrers].map((facts) => dress(facts, tree.lists.get(facts.digest)));
  });
}

function imageFacts({ reference, digest, size, platforms: { included, missing } }: BundleImage): NodeFacts {
  const notes = [
    ...(included.length === 0 ? [] : [`platforms: ${included.join(', ')}`]),
    ...(missing.length === 0 ? [] : [`platforms left out: ${missing.join(', ')}`]),
  ];
  return { kind: 'image', name: reference, digest, size, annotations: [], notes };
}

function manifestFacts(digest: string, listed: Descriptor | undefined): NodeFacts {
  const known = listed === undefined ? { name: 'manifest' } : { name: nameOfChild(listed), size: listed.size };
  return { kind: 'manifest', digest, ...known, annotations: [], notes: [] };
}

function askedOf({ discovery, artifacts }: BundleSubject, intact?: number): Asked {
  const { source, host, complete, filtered } = discovery;
  return { source, host, isConfirmed: complete, referrers: artifacts.length, filtered, intact };
}

function recordFacts(record: BundleRecord): readonly Fact[] {
  const { images, referrers, entries, complete } = record;
  const { total } = countReferrers(referrers.subjects.map(({ artifacts }) => artifacts));
  const manifests = new Set(referrers.subjects.map(({ subject }) => subject)).size;
  const blobs = entries.filter(({ path }) => path.startsWith('blobs/'));
  const confirmed: Fact = complete
    ? { label: 'Complete', value: 'yes', note: 'every list was confirmed', tone: 'good' }
    : { label: 'Complete', value: 'NO', note: 'a list was not confirmed', tone: 'bad' };
  return [
    { label: 'Images', value: `${images.length}`, tone: 'plain' },
    { label: 'Referrers', value: `${total}`, note: `of ${countOf(manifests, 'manifest')}`, tone: 'plain' },
    {
      label: 'Content',
      value: formatSize(sizeOf(blobs)),
      note: `${countOf(blobs.length, 'blob')}, each once`,
      tone: 'plain',
    },
    confirmed,
  ];
}

function recordDetails(record: BundleRecord): ReportView['details'] {
  const { bundleId, previousBundleId, createdAt, expiresAt, generator, requireReferrers } = record;
  const required = requireReferrers.map(({ artifactType, min }) => `${min} of ${artifactType}`);
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['Bundle id', bundleId],
    ['Builds on', previousBundleId],
    ['Created', createdAt],
    ['Expires', expiresAt],
    ['Written by', generator],
    ['Every image must have', required.length === 0 ? undefined : required.join(', ')],
    ['Not in the file', describeExternal(record).join('; ') || undefined],
  ];
  return rows.flatMap(([label, value]) => (value === undefined ? [] : [[label, value] as const]));
}
