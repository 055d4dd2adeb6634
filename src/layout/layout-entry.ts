import { isOciError } from '../errors/index.js';
import type { Descriptor } from '../oci/descriptor.js';
import { isDigest, parseDigest } from '../oci/digest.js';
import { imageName, refName } from '../oci/image-layout.js';
import { isTag, parseReference, type Reference } from '../oci/reference.js';
import { isReferrersTag, referrersTag } from '../oci/referrers-tag.js';

/** How others say in index.json of whom an index lists the referrers: image-spec PR 1171, and olareg. */
const subjectAnnotations = ['org.opencontainers.image.referrer.subject', 'org.olareg.referrer.subject'] as const;
const legacyTagPattern = /^sha(?:256|512)-[a-f0-9]{64}\.[A-Za-z0-9_-]+$/;

/** One entry of index.json, with what its name says. */
export interface LayoutEntry {
  readonly descriptor: Descriptor;
  /** Its name as it stands there; untrusted text. */
  readonly name: string | undefined;
  /** containerd's name, always a full reference where it is one. */
  readonly imageName: string | undefined;
  /** The tag in its name. */
  readonly tag: string | undefined;
  /** `host/repository` it is known to belong to. */
  readonly repository: string | undefined;
  /** `image` has a name of its own; `list` and `legacy` are referrers by their tag; `untagged` has no name. */
  readonly kind: 'image' | 'list' | 'legacy' | 'untagged';
  /** Digest of the subject an annotation names; lists only. */
  readonly subject: string | undefined;
}

/** Reads what an entry of index.json is from its annotations. */
export function readEntry(descriptor: Descriptor): LayoutEntry {
  const { annotations = {} } = descriptor;
  const name = textOf(annotations[refName]);
  const full = textOf(annotations[imageName]);
  const named = parseName(name);
  const subject = subjectAnnotations.map((key) => annotations[key]).find((value) => isDigest(value ?? ''));
  const tag = named.tag ?? '';
  const kind =
    subject !== undefined || isReferrersTag(tag)
      ? 'list'
      : legacyTagPattern.test(tag)
        ? 'legacy'
        : name === undefined && full === undefined
          ? 'untagged'
          : 'image';
  const repository = named.repository ?? parseName(full).repository;
  return { descriptor, name, imageName: full, tag: named.tag, repository, kind, subject };
}

/** Annotations that give an entry of index.json a meaning; what comes from a referrer's own manifest must not. */
export const entryAnnotations: ReadonlySet<string> = new Set([refName, imageName, ...subjectAnnotations]);

/** Tells whether an entry of kind `list` is one for this subject. */
export function isListFor({ kind, subject, tag }: LayoutEntry, digest: string): boolean {
  if (kind !== 'list') return false;
  if (subject !== undefined) return subject === digest;
  const { algorithm, encoded } = parseDigest(digest);
  // Some clients do not cut the tag of a sha512 subject.
  return tag === referrersTag(digest) || tag === `${algorithm}-${encoded}`;
}

/** Takes a name apart: a tag alone, a full reference, or neither. */
export function parseName(name: string | undefined): { readonly repository?: string; readonly tag?: string } {
  if (name === undefined) return {};
  if (isTag(name)) return { tag: name };
  const reference = asReference(name);
  if (reference !== undefined) {
    const repository = `${reference.registry}/${reference.repository}`;
    return reference.tag === undefined ? { repository } : { repository, tag: reference.tag };
  }
  const tag = name.slice(name.lastIndexOf(':') + 1);
  return isTag(tag) && tag !== name ? { tag } : {};
}

/** A name with a host is a reference; `app:1` might be one of Docker Hub's, or only what somebody calls an image. */
export function asReference(name: string): Reference | undefined {
  const host = name.slice(0, Math.max(0, name.indexOf('/')));
  if (!/[.:]/.test(host) && host !== 'localhost') return undefined;
  try {
    return parseReference(name);
  } catch (error) {
    if (isOciError(error, 'ERR_OCI_INVALID_REFERENCE')) return undefined;
    throw error;
  }
}

function textOf(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
