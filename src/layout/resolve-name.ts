import { ArgumentError, OciError } from '../errors/index.js';
import type { Descriptor } from '../oci/descriptor.js';
import { isDigest } from '../oci/digest.js';
import { escapeText } from '../oci/escape.js';
import { isTag } from '../oci/reference.js';
import { asReference, type LayoutEntry } from './layout-entry.js';
import type { LayoutScan } from './scan-referrers.js';

/** A layout may name thousands of images; a message names so many of them. */
const mostNamed = 20;

/** What a name stands for in a layout. */
export interface ResolvedEntry {
  readonly descriptor: Descriptor;
  /** `host/repository` it is known to belong to. */
  readonly repository: string | undefined;
  /** The tag in its name; absent where a digest was asked for. */
  readonly tag: string | undefined;
}

/** What is known about a layout when a name is looked up. */
export interface NameContext {
  readonly path: string;
  readonly entries: readonly LayoutEntry[];
  readonly scan: () => Promise<LayoutScan>;
}

/**
 * Finds the manifest a name stands for.
 *
 * @remarks In this order: a digest; the exact name; containerd's name; the tag at the end of a full name. Without a name,
 * the one image of the layout.
 * @throws OciError `ERR_OCI_NOT_FOUND`, {@link ArgumentError} `ERR_OCI_INVALID_REFERENCE` when several manifests fit; both
 * list the names there are
 */
export async function resolveName(context: NameContext, name: string | undefined): Promise<ResolvedEntry> {
  if (name === undefined || name === '') return await onlyImage(context);
  const digest = name.startsWith('@') ? name.slice(1) : name;
  if (isDigest(digest)) return await byDigest(context, digest);
  for (const fits of matchersFor(name)) {
    const found = context.entries.filter(fits);
    const [first, ...more] = found;
    if (first === undefined) continue;
    if (more.some(({ descriptor }) => descriptor.digest !== first.descriptor.digest)) {
      throw ambiguous(context, `${JSON.stringify(name.slice(0, 200))} fits ${found.length} images`);
    }
    return { descriptor: core(first.descriptor), repository: first.repository, tag: first.tag };
  }
  throw new OciError('ERR_OCI_NOT_FOUND', `${context.path} has no ${escapeText(JSON.stringify(name), 250)}`, {
    hint: namesHint(context),
  });
}

function matchersFor(name: string): readonly ((entry: LayoutEntry) => boolean)[] {
  const exact = (entry: LayoutEntry): boolean => entry.name === name;
  const byImageName = (entry: LayoutEntry): boolean => entry.imageName === name;
  if (isTag(name)) return [exact, byImageName, (entry) => entry.tag === name && entry.kind === 'image'];
  const reference = asReference(name);
  if (reference === undefined) return [exact, byImageName];
  const { registry, repository, tag, digest } = reference;
  const own = `${registry}/${repository}`;
  const byParts = (entry: LayoutEntry): boolean =>
    entry.repository === own &&
    entry.kind === 'image' &&
    (digest === undefined ? entry.tag === tag : entry.descriptor.digest === digest);
  return [exact, byImageName, byParts];
}

async function byDigest(context: NameContext, digest: string): Promise<ResolvedEntry> {
  const entries = context.entries.filter(({ descriptor }) => descriptor.digest === digest);
  const [entry] = entries;
  const owners = new Set(entries.flatMap(({ repository }) => repository ?? []));
  const repository = owners.size === 1 ? [...owners][0] : undefined;
  if (entry !== undefined) return { descriptor: core(entry.descriptor), repository, tag: undefined };
  // A platform of an index need not be in index.json itself.
  const facts = (await context.scan()).manifests.get(digest);
  if (facts !== undefined) return { descriptor: core(facts.described), repository: undefined, tag: undefined };
  throw new OciError('ERR_OCI_NOT_FOUND', `${context.path} has no manifest ${digest}`, { hint: namesHint(context) });
}

async function onlyImage(context: NameContext): Promise<ResolvedEntry> {
  const named = context.entries.filter(({ kind }) => kind === 'image');
  const images = named.length > 0 ? named : await unnamedImages(context);
  const [first, ...more] = images;
  if (first === undefined) {
    throw new OciError('ERR_OCI_NOT_FOUND', `${context.path} holds no image`, { hint: 'copy one there first' });
  }
  if (more.some(({ descriptor }) => descriptor.digest !== first.descriptor.digest)) {
    throw ambiguous(context, `it holds ${images.length} images`);
  }
  return { descriptor: core(first.descriptor), repository: first.repository, tag: first.tag };
}

/** oras lists every manifest there is: platforms are part of an index, and a referrer is no image. */
async function unnamedImages({ entries, scan }: NameContext): Promise<readonly LayoutEntry[]> {
  const { manifests, nested } = await scan();
  return entries.filter(({ kind, descriptor: { digest } }) => {
    const facts = manifests.get(digest);
    return kind === 'untagged' && facts !== undefined && facts.subject === undefined && !nested.has(digest);
  });
}

/** Names the images of a layout go by, sorted. */
export function namesOf(entries: readonly LayoutEntry[]): readonly string[] {
  const images = entries.filter(({ kind }) => kind === 'image');
  return [...new Set(images.map(({ name, imageName }) => name ?? imageName ?? ''))].sort();
}

function ambiguous(context: NameContext, reason: string): ArgumentError {
  return new ArgumentError('ERR_OCI_INVALID_REFERENCE', `${context.path}: ${reason}; say which`, {
    argument: 'name',
    hint: namesHint(context),
  });
}

function namesHint({ entries }: NameContext): string {
  const names = namesOf(entries);
  if (names.length === 0) return 'it names no image; ask for one by its digest';
  const shown = names.slice(0, mostNamed).map((name) => escapeText(name, 200));
  const more = names.length > shown.length ? ` and ${names.length - shown.length} more` : '';
  return `it has ${shown.join(', ')}${more}`;
}

/** What index.json says of an entry beyond type, digest and size belongs to the layout. */
function core({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size };
}
