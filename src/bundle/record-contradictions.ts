import { isManifestType } from '../oci/media-types.js';
import { formatReference, parseReference } from '../oci/reference.js';
import { isLegacyTag } from '../oci/referrers-tag.js';
import { compareEntries, digestInName, kindOfEntry } from './entry-names.js';
import { entryPaths, referrerPath } from './entry-paths.js';
import type { BundleEntry, BundleImage, BundleRecord, BundleSubject } from './record.js';
import { repositoryOf } from './repository-of.js';

/** Finds every statement of a record that another one, or the format, rules out; nothing but the record is looked at. */
export function* recordContradictions(record: BundleRecord): Generator<string> {
  yield* entryContradictions(record.entries);
  yield* imageContradictions(record.images);
  const { subjects } = record.referrers;
  yield* repeated(
    'list of referrers',
    subjects.map((list) => `${repositoryOf(list.reference) ?? ''}@${list.subject}`),
  );
  const references = new Set(record.images.map(({ reference }) => reference));
  for (const list of subjects) {
    if (!references.has(list.reference)) yield `the list of ${list.subject} belongs to no image: ${list.reference}`;
    yield* listContradictions(list);
  }
  yield* tagContradictions(record);
  if (record.complete !== subjects.every(({ discovery }) => discovery.complete)) {
    yield 'complete does not agree with the lists of referrers';
  }
  yield* repeated(
    'requirement of',
    record.requireReferrers.map(({ artifactType }) => artifactType),
  );
  yield* repeated(
    'external content',
    record.external.map(({ digest }) => digest),
  );
  const inside = new Set(record.entries.map(({ digest }) => digest));
  for (const { digest } of record.external) if (inside.has(digest)) yield `${digest} is external and an entry at once`;
}

function* entryContradictions(entries: readonly BundleEntry[]): Generator<string> {
  let previous: string | undefined;
  for (const { path, digest } of entries) {
    const kind = kindOfEntry(path);
    if (kind === undefined || ['record', 'manifest-yaml', 'checksums', 'signature'].includes(kind)) {
      yield `${JSON.stringify(path)} is no entry that a record lists`;
    } else if ((digestInName(path) ?? digest) !== digest) {
      yield `the digest of ${path} is not the one in its name`;
    } else if (digestInName(path) === undefined && !digest.startsWith('sha256:')) {
      yield `the digest of ${path} is not a sha256`;
    }
    if (previous !== undefined && compareEntries(previous, path) >= 0) {
      yield `${JSON.stringify(path)} is listed twice or out of order`;
    }
    previous = path;
  }
  const required = [entryPaths.ociLayout, entryPaths.index, entryPaths.attestationsIndex, entryPaths.referrersIndex];
  const paths = new Set(entries.map(({ path }) => path));
  for (const path of required) if (!paths.has(path)) yield `no entry for ${path}`;
}

/** An image has one reference, in its one form: an import decides by it where the image goes and which tag moves. */
function* imageContradictions(images: readonly BundleImage[]): Generator<string> {
  if (images.length === 0) yield 'there is no image';
  const names: string[] = [];
  for (const { reference, digest, mediaType } of images) {
    const repository = repositoryOf(reference);
    if (repository === undefined) {
      yield `no reference: ${reference}`;
      continue;
    }
    const parsed = parseReference(reference);
    if (formatReference(parsed) !== reference) yield `${reference} is not written out in full`;
    if ((parsed.digest ?? digest) !== digest) yield `${reference} names another digest than its image, ${digest}`;
    if (!isManifestType(mediaType)) yield `image ${reference} has media type ${mediaType}, which is no manifest`;
    names.push(parsed.tag === undefined ? reference : `${repository}:${parsed.tag}`);
  }
  yield* repeated('image', names);
}

function* listContradictions({ subject, reference, discovery, artifacts }: BundleSubject): Generator<string> {
  const where = `the list of ${subject} in ${reference}`;
  if (discovery.included !== artifacts.length) yield `${where} counts ${discovery.included}, has ${artifacts.length}`;
  yield* repeated(
    `in ${where}: referrer`,
    artifacts.map(({ digest }) => digest),
  );
  for (const { digest, path, sha256, mediaType, tag } of artifacts) {
    if (path !== referrerPath(subject, digest)) yield `${where} names another path for ${digest}`;
    if (digest.startsWith('sha256:') && digest !== `sha256:${sha256}`)
      yield `${where} has another sha256 for ${digest}`;
    if (!isManifestType(mediaType)) yield `${where} has ${digest} as ${mediaType}, which is no manifest`;
    if (tag !== undefined && !isLegacyTag(tag, subject)) yield `${where} has ${digest} under a tag of another: ${tag}`;
  }
}

/** An import points these tags at the artifacts: none may be an image's, or stand for two things. */
function* tagContradictions({ images, referrers }: BundleRecord): Generator<string> {
  const tagged = new Map<string, string>();
  for (const { reference, digest } of images) tagged.set(reference, digest);
  for (const { reference, artifacts } of referrers.subjects) {
    for (const { digest, tag } of artifacts) {
      if (tag === undefined) continue;
      const name = `${repositoryOf(reference) ?? reference}:${tag}`;
      if ((tagged.get(name) ?? digest) !== digest) yield `${name} is the tag of two manifests`;
      tagged.set(name, digest);
    }
  }
}

function* repeated(what: string, keys: readonly string[]): Generator<string> {
  const seen = new Set<string>();
  for (const key of keys) {
    if (seen.has(key)) yield `${what} ${key} is listed twice`;
    seen.add(key);
  }
}
