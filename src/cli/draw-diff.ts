import {
  type BundleDiff,
  type BundleImage,
  type ContentDiff,
  escapeText,
  type ImageChange,
  type SubjectDiff,
} from '../index.js';
import { countOf, formatSize, shortDigest } from './format-size.js';
import { referrerLine, typeOf } from './referrer-view.js';

/** Members of the record whose differences are drawn, or follow from what is drawn. */
const shownMembers = new Set(['bundleId', 'images', 'referrers', 'entries']);

/** Draws how two bundles differ: `+` is in the second one only, `-` in the first one only, `~` is not the same in both. */
export function drawDiff(diff: BundleDiff, files: readonly [string, string]): readonly string[] {
  const heads = files.flatMap((file, index) => [
    `${'-+'.charAt(index)} ${escapeText(file)}`,
    `  ${diff.ids[index] ?? ''}`,
  ]);
  if (diff.same) return [...heads, 'both say the same'];
  const others = diff.members.filter((name) => !shownMembers.has(name));
  return [
    ...heads,
    ...(diff.buildsOn ? ['the second one builds on the first one'] : []),
    ...group('images', drawImages(diff.images)),
    ...diff.referrers.flatMap(drawSubject),
    ...group('content', drawContent(diff.content)),
    ...(others.length === 0 ? [] : ['', `also different: ${others.join(', ')}`]),
  ];
}

function group(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
}

function drawImages({ added, removed, moved, platforms }: BundleDiff['images']): readonly string[] {
  const line = (sign: string, { reference, digest }: BundleImage): string =>
    `${sign} ${escapeText(reference)}  ${shortDigest(digest)}`;
  const changed = new Map([...moved, ...platforms].map((change) => [change.reference, change]));
  return [
    ...removed.map((image) => line('-', image)),
    ...added.map((image) => line('+', image)),
    ...[...changed.values()].flatMap((change) => [
      line('~', change.before),
      ...(moved.includes(change) ? [`    now ${shortDigest(change.after.digest)}`] : []),
      ...(platforms.includes(change) ? drawPlatforms(change) : []),
    ]),
  ];
}

function drawPlatforms({ before, after }: ImageChange): readonly string[] {
  const differences = (['included', 'missing'] as const).flatMap((which) => {
    const what = which === 'included' ? 'platforms' : 'left out';
    const [old, now] = [before.platforms[which], after.platforms[which]];
    const signed = [
      ...old.filter((name) => !now.includes(name)).map((name) => `-${name}`),
      ...now.filter((name) => !old.includes(name)).map((name) => `+${name}`),
    ];
    return signed.length === 0 ? [] : [`    ${what} ${escapeText(signed.join(' '), 2048)}`];
  });
  return differences.length === 0 ? ['    platforms in another order'] : differences;
}

function drawSubject({ repository, subject, added, removed, changed }: SubjectDiff): readonly string[] {
  return group(`referrers of ${escapeText(repository)}@${shortDigest(subject)}`, [
    ...removed.map((artifact) => `- ${referrerLine(artifact)}`),
    ...added.map((artifact) => `+ ${referrerLine(artifact)}`),
    ...changed.flatMap(({ before, after }) => [`~ ${referrerLine(before)}`, `    now ${typeOf(after)}`]),
  ]);
}

function drawContent({
  added,
  removed,
  leftOut,
  addedBytes,
  removedBytes,
  leftOutBytes,
}: ContentDiff): readonly string[] {
  const line = (sign: string, { length }: readonly unknown[], bytes: number, remark = ''): readonly string[] =>
    length === 0 ? [] : [`${sign} ${countOf(length, 'blob')}  ${formatSize(bytes)}${remark}`];
  return [
    ...line('-', removed, removedBytes),
    ...line('+', added, addedBytes),
    ...line('~', leftOut, leftOutBytes, '  needed, and left out of the second one'),
  ];
}
