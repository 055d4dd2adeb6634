import { type BundleImage, type BundleRecord, type BundleSubject, escapeText, parseReference } from '../index.js';
import { countOf, formatSize, shortDigest } from './format-size.js';
import { referrerLine } from './referrer-view.js';
import { drawTree, type TreeItem } from './tree.js';

/** Draws what a bundle says is in it: its images, each with the tree of its referrers. */
export function drawRecord(record: BundleRecord, signatures: readonly string[] | undefined): readonly string[] {
  const { bundleId, previousBundleId, images } = record;
  return [
    `bundle ${bundleId}`,
    ...(previousBundleId === undefined ? [] : [`base   ${previousBundleId}`]),
    ...headLines(record).map((line) => `  ${line}`),
    `  ${describeSignatures(signatures)}`,
    ...images.flatMap((image) => ['', ...drawImage(image, record)]),
  ];
}

function headLines(record: BundleRecord): readonly string[] {
  const { createdAt, expiresAt, generator, complete, images, requireReferrers, referrers, entries } = record;
  const artifacts = new Set(referrers.subjects.flatMap(({ artifacts }) => artifacts.map(({ digest }) => digest)));
  const blobs = entries.filter(({ path }) => path.startsWith('blobs/'));
  const required = requireReferrers.map(({ artifactType, min }) => `${min} of ${escapeText(artifactType)}`);
  const manifests = new Set(referrers.subjects.map(({ subject }) => subject)).size;
  return [
    `${countOf(images.length, 'image')}, ${countOf(artifacts.size, 'referrer')} of ${countOf(manifests, 'manifest')}`,
    `${countOf(blobs.length, 'blob')}, ${formatSize(sizeOf(blobs))}, each once (manifests included)`,
    ...describeExternal(record),
    ...(createdAt === undefined ? [] : [`created ${createdAt}`]),
    ...(expiresAt === undefined ? [] : [`expires ${expiresAt}`]),
    `written by ${escapeText(generator)}`,
    ...(required.length === 0 ? [] : [`every image must have ${required.join(', ')}`]),
    complete
      ? 'complete: every list of referrers was confirmed'
      : 'INCOMPLETE: discovery could not be confirmed for every subject',
  ];
}

function describeExternal({ external }: BundleRecord): readonly string[] {
  const reasons = [
    ['delta', 'in an earlier bundle'],
    ['nondistributable', 'that must not be passed on'],
  ] as const;
  return reasons.flatMap(([reason, why]) => {
    const blobs = external.filter((blob) => blob.reason === reason);
    return blobs.length === 0
      ? []
      : [`left out on purpose: ${countOf(blobs.length, 'blob')} ${why}, ${formatSize(sizeOf(blobs))}`];
  });
}

function describeSignatures(signatures: readonly string[] | undefined): string {
  if (signatures === undefined) return 'signatures could not be looked for: the file is damaged';
  return signatures.length === 0 ? 'unsigned' : `${countOf(signatures.length, 'signature')}, not checked here`;
}

function sizeOf(items: readonly { readonly size: number }[]): number {
  return items.reduce((sum, { size }) => sum + size, 0);
}

function drawImage(image: BundleImage, { referrers, images }: BundleRecord): readonly string[] {
  const repository = repositoryOf(image.reference);
  const lists = referrers.subjects.filter(({ reference }) => repositoryOf(reference) === repository);
  const bySubject = new Map(lists.map((list) => [list.subject, list]));
  const known = new Set([...images.map(({ digest }) => digest), ...lists.flatMap(digestsOf)]);
  // Another tag of the same image may be the one its lists name.
  const twins = new Set(images.filter(({ digest }) => digest === image.digest).map(({ reference }) => reference));
  // A subject that is neither image nor referrer is a manifest below the image's index.
  const below = lists.filter(
    ({ subject, reference, artifacts }) => twins.has(reference) && !known.has(subject) && artifacts.length > 0,
  );
  const childrenOf = ({ key }: TreeItem): readonly TreeItem[] => [
    ...(key === image.digest
      ? below.map(({ subject }) => ({ key: subject, text: `manifest  ${shortDigest(subject)}` }))
      : []),
    ...(bySubject.get(key)?.artifacts ?? []).map((artifact) => ({
      key: artifact.digest,
      text: referrerLine(artifact),
    })),
  ];
  const text = `${escapeText(image.reference)}  ${shortDigest(image.digest)}  ${formatSize(image.size)}`;
  const unconfirmed = lists.filter(({ reference, discovery }) => twins.has(reference) && !discovery.complete);
  return [
    ...drawTree({ key: image.digest, text }, childrenOf),
    ...platformLines(image),
    ...unconfirmed.map(({ subject, discovery }) => {
      return `not confirmed at export: ${shortDigest(subject)} on ${escapeText(discovery.host)}`;
    }),
  ];
}

/** A record that is only shown may hold anything. */
function repositoryOf(reference: string): string {
  try {
    const { registry, repository } = parseReference(reference);
    return `${registry}/${repository}`;
  } catch {
    return reference;
  }
}

function digestsOf({ artifacts }: BundleSubject): readonly string[] {
  return artifacts.map(({ digest }) => digest);
}

function platformLines({ platforms: { included, missing } }: BundleImage): readonly string[] {
  const list = (names: readonly string[]): string => names.map((name) => escapeText(name)).join(', ');
  if (missing.length > 0) return [`platforms: ${list(included) || 'none'}; left out: ${list(missing)}`];
  return included.length === 0 ? [] : [`platforms: ${list(included)}`];
}
