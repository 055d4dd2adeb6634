import type { Descriptor } from '../oci/descriptor.js';
import { digestOf } from '../oci/digest.js';
import { imageName, refName } from '../oci/image-layout.js';
import { mediaTypes } from '../oci/media-types.js';
import { parseReference } from '../oci/reference.js';
import { referrersTag } from '../oci/referrers-tag.js';
import { type CanonicalValue, canonicalJson, compareText, textMap } from './canonical-json.js';
import type { BundleArtifact, BundleImage, BundleSubject } from './record.js';
import { repositoryOf } from './repository-of.js';

/**
 * How other OCI tools find referrers when they read a bundle as an image layout.
 *
 * `untagged`: as entries of index.json without a name, which oras reads; `tag-schema`: as an index per subject under its
 * referrers tag, which regclient reads; `both`; or `none`, which leaves index.json to the images.
 */
export type LayoutReferrers = 'both' | 'untagged' | 'tag-schema' | 'none';

/** `index.json`, and the indexes it names that are content of the bundle like any other. */
export interface LayoutIndex {
  readonly bytes: Buffer;
  /** Indexes of the referrers tag schema, by digest; all of the OCI index type. */
  readonly tagSchemaIndexes: ReadonlyMap<string, Buffer>;
}

/**
 * Makes the `index.json` of a bundle: its images by name, and their referrers as `mode` says.
 *
 * @remarks A name is the tag where all images are of one repository, else the full reference; containerd's name is always
 * the full reference. An image's name is never given to anything else. Artifacts under cosign's older tags keep their
 * tag as their name in every mode but `none`: nothing else ties them to their subject.
 * @param namesSubject - tells whether a referrer's own manifest names the subject it is listed for
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md#indexjson-file
 */
export function layoutIndex(
  images: readonly BundleImage[],
  subjects: readonly BundleSubject[],
  mode: LayoutReferrers,
  namesSubject: (digest: string, subject: string) => boolean,
): LayoutIndex {
  const isOneRepository = new Set(images.map((image) => repositoryOf(image.reference))).size === 1;
  const roots = new Map(images.map((image) => rootEntry(image, isOneRepository)));
  const untagged = new Map<string, Descriptor>();
  const named = new Map<string, Descriptor>();
  const tagSchemaIndexes = new Map<string, Buffer>();
  for (const { subject, reference, artifacts } of mode === 'none' ? [] : subjects) {
    const prefix = isOneRepository ? '' : `${repositoryOf(reference) ?? reference}:`;
    const listed = artifacts.filter((artifact) => namesSubject(artifact.digest, subject));
    if (mode !== 'tag-schema') for (const artifact of listed) untagged.set(artifact.digest, withoutName(artifact));
    if (mode !== 'untagged' && listed.length > 0) {
      const bytes = emitIndex(listed.map((artifact) => describe(artifact, artifact.annotations)));
      const digest = digestOf(bytes);
      tagSchemaIndexes.set(digest, bytes);
      named.set(`${prefix}${referrersTag(subject)}`, { mediaType: mediaTypes.ociIndex, digest, size: bytes.length });
    }
    for (const artifact of artifacts) {
      if (artifact.tag !== undefined) named.set(`${prefix}${artifact.tag}`, describe(artifact, undefined));
    }
  }
  for (const image of images) untagged.delete(image.digest);
  for (const name of roots.keys()) named.delete(name);
  const entries = [
    ...roots.values(),
    ...sorted(untagged).map(([, descriptor]) => descriptor),
    ...sorted(named).map(([name, descriptor]) => ({ ...descriptor, annotations: { [refName]: name } })),
  ];
  return { bytes: emitIndex(entries), tagSchemaIndexes };
}

function rootEntry(image: BundleImage, isOneRepository: boolean): readonly [string, Descriptor] {
  const { mediaType, digest, size, reference } = image;
  const { tag } = parseReference(reference);
  const name = isOneRepository && tag !== undefined ? tag : reference;
  return [name, { mediaType, digest, size, annotations: { [refName]: name, [imageName]: reference } }];
}

/** An annotation of a referrer's own must not pass for a name here: it would take the place of an image. */
function withoutName(artifact: BundleArtifact): Descriptor {
  const kept = Object.entries(artifact.annotations ?? {}).filter(([key]) => key !== refName && key !== imageName);
  return describe(artifact, kept.length === 0 ? undefined : Object.fromEntries(kept));
}

function describe(artifact: BundleArtifact, annotations: Descriptor['annotations']): Descriptor {
  const { mediaType, digest, size, artifactType } = artifact;
  return { mediaType, digest, size, artifactType, annotations };
}

function emitIndex(manifests: readonly Descriptor[]): Buffer {
  const fields = manifests.map(
    ({ mediaType, digest, size, artifactType, annotations }): CanonicalValue => ({
      mediaType,
      digest,
      size,
      artifactType,
      annotations: annotations === undefined ? undefined : textMap(annotations),
    }),
  );
  return Buffer.from(canonicalJson({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: fields }, false));
}

function sorted<Value>(map: ReadonlyMap<string, Value>): readonly (readonly [string, Value])[] {
  return [...map].sort(([a], [b]) => compareText(a, b));
}
