import { type ArtifactCategory, categoryOf, type Descriptor, escapeText } from '../index.js';
import { formatSize, shortDigest } from './format-size.js';

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

/** Writes a referrer as one line of a tree: type, category, short digest, size. */
export function referrerLine(view: ReferrerView): string {
  const { digest, size, category, tag } = view;
  const parts = [typeOf(view), category, shortDigest(digest), formatSize(size)];
  if (tag !== undefined) parts.push(`tag ${escapeText(tag)}`);
  return parts.join('  ');
}

/** What the referrer is, as text that is safe for a terminal. */
export function typeOf({ artifactType }: ReferrerView): string {
  return artifactType === undefined || artifactType === '' ? '(no type)' : escapeText(artifactType);
}
