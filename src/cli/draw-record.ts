import { type BundleImage, type BundleRecord, type BundleSubject, escapeText } from '../index.js';
import { countOf, formatSize, shortDigest } from './format-size.js';
import { referrerLine } from './referrer-view.js';
import { drawTree, type TreeItem } from './tree.js';

/** Draws what a bundle says is in it: its images, each with the tree of its referrers. */
export function drawRecord(record: BundleRecord): readonly string[] {
  const { bundleId, createdAt, expiresAt, complete, images, entries, external, requireReferrers } = record;
  const bytes = entries.reduce((sum, { size }) => sum + size, 0);
  const required = requireReferrers.map(({ artifactType, min }) => `${min} of ${escapeText(artifactType)}`);
  return [
    `bundle ${bundleId}`,
    `  ${countOf(images.length, 'image')}, ${countOf(entries.length, 'file')}, ${formatSize(bytes)}`,
    ...(createdAt === undefined ? [] : [`  created ${createdAt}`]),
    ...(expiresAt === undefined ? [] : [`  expires ${expiresAt}`]),
    ...(required.length === 0 ? [] : [`  every image must have ${required.join(', ')}`]),
    ...(external.length === 0 ? [] : [`  ${countOf(external.length, 'blob')} left out on purpose`]),
    ...(complete ? [] : ['  INCOMPLETE: discovery could not be confirmed for every subject']),
    ...images.flatMap((image) => ['', ...drawImage(image, record)]),
  ];
}

function drawImage(image: BundleImage, { referrers, images }: BundleRecord): readonly string[] {
  const lists = referrers.subjects.filter(({ reference }) => reference === image.reference);
  const bySubject = new Map(lists.map((list) => [list.subject, list]));
  const known = new Set([...images.map(({ digest }) => digest), ...lists.flatMap(digestsOf)]);
  // A subject that is neither image nor referrer is a manifest below the image's index.
  const below = lists.filter(({ subject, artifacts }) => !known.has(subject) && artifacts.length > 0);
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
  return [...drawTree({ key: image.digest, text }, childrenOf), ...platformLines(image)];
}

function digestsOf({ artifacts }: BundleSubject): readonly string[] {
  return artifacts.map(({ digest }) => digest);
}

function platformLines({ platforms: { included, missing } }: BundleImage): readonly string[] {
  const list = (names: readonly string[]): string => names.map((name) => escapeText(name)).join(', ');
  if (missing.length > 0) return [`platforms: ${list(included) || 'none'}; left out: ${list(missing)}`];
  return included.length === 0 ? [] : [`platforms: ${list(included)}`];
}
