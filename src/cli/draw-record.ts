import { type BundleImage, type BundleRecord, escapeText } from '../index.js';
import { countOf, formatSize, shortDigest } from './format-size.js';
import { type ImageTree, imageTrees } from './record-trees.js';
import { referrerItem } from './referrer-view.js';
import { drawTree, type TreeItem } from './tree.js';

/** Draws what a bundle says is in it: its images, each with the tree of its referrers. */
export function drawRecord(
  record: BundleRecord,
  signatures: readonly string[] | undefined,
  width?: number,
): readonly string[] {
  const { bundleId, previousBundleId } = record;
  return [
    `bundle ${bundleId}`,
    ...(previousBundleId === undefined ? [] : [`base   ${previousBundleId}`]),
    ...headLines(record).map((line) => `  ${line}`),
    `  ${describeSignatures(signatures)}`,
    ...imageTrees(record).flatMap((tree) => ['', ...drawImage(tree, width)]),
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

/** Says what content the images need that is not in the bundle, and why. */
export function describeExternal({ external }: BundleRecord): readonly string[] {
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

/** Adds up sizes in bytes. */
export function sizeOf(items: readonly { readonly size: number }[]): number {
  return items.reduce((sum, { size }) => sum + size, 0);
}

function drawImage({ image, lists, below, unconfirmed }: ImageTree, width: number | undefined): readonly string[] {
  const manifests = below.filter(({ artifacts }) => artifacts.length > 0);
  const childrenOf = ({ key }: TreeItem): readonly TreeItem[] => [
    ...(key === image.digest
      ? manifests.map(({ subject }) => ({ key: subject, text: `manifest  ${shortDigest(subject)}` }))
      : []),
    ...(lists.get(key)?.artifacts ?? []).map(referrerItem),
  ];
  const text = `${escapeText(image.reference)}  ${shortDigest(image.digest)}  ${formatSize(image.size)}`;
  return [
    ...drawTree({ key: image.digest, text }, childrenOf, width),
    ...platformLines(image),
    ...unconfirmed.map(({ subject, discovery }) => {
      return `not confirmed at export: ${shortDigest(subject)} on ${escapeText(discovery.host)}`;
    }),
  ];
}

function platformLines({ platforms: { included, missing } }: BundleImage): readonly string[] {
  const list = (names: readonly string[]): string => names.map((name) => escapeText(name)).join(', ');
  if (missing.length > 0) return [`platforms: ${list(included) || 'none'}; left out: ${list(missing)}`];
  return included.length === 0 ? [] : [`platforms: ${list(included)}`];
}
