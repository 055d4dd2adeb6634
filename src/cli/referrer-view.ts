import { type ArtifactCategory, categoryOf, type Descriptor, escapeText } from '../index.js';
import { formatSize, shortDigest } from './format-size.js';
import type { TreeItem } from './tree.js';

/** One referrer, as commands show it. */
export interface ReferrerView {
  readonly digest: string;
  readonly mediaType: string;
  readonly artifactType?: string | undefined;
  /** Size of its manifest in bytes. */
  readonly size: number;
  readonly category: ArtifactCategory;
  /** cosign's older tag that carries it. */
  readonly tag?: string | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** Sorts a referrer into a category and takes from its descriptor what is shown. */
export function viewOf(descriptor: Descriptor, tag?: string): ReferrerView {
  const { digest, mediaType, artifactType, size, annotations } = descriptor;
  const category = categoryOf(artifactType, annotations, tag);
  return {
    digest,
    mediaType,
    ...(artifactType === undefined ? {} : { artifactType }),
    size,
    category,
    ...(tag === undefined ? {} : { tag }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}

/** Writes a referrer as one line: type, category, short digest, size. */
export function referrerLine(view: ReferrerView): string {
  return join(view, [view.category, shortDigest(view.digest), formatSize(view.size)]);
}

/** Makes a referrer an item of a tree; where that is too wide it goes without its size, with less of its digest, without its category. */
export function referrerItem(view: ReferrerView): TreeItem {
  const digest = shortDigest(view.digest);
  // Seven characters are what git shows: enough to tell a few referrers apart.
  const narrower = [[view.category, digest], [view.category, digest.slice(0, -5)], [digest]];
  return { key: view.digest, text: referrerLine(view), narrower: narrower.map((parts) => join(view, parts)) };
}

function join(view: ReferrerView, parts: readonly string[]): string {
  const tag = view.tag === undefined ? [] : [`tag ${escapeText(view.tag)}`];
  return [typeOf(view), ...parts, ...tag].join('  ');
}

/** What the referrer is, as text that is safe for a terminal. */
export function typeOf({ artifactType }: ReferrerView): string {
  return artifactType === undefined || artifactType === '' ? '(no type)' : escapeText(artifactType);
}
