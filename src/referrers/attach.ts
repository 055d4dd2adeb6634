import type { AbortableOptions } from '../content/abort.js';
import type { PushTarget } from '../content/sources.js';
import { ArgumentError } from '../errors/index.js';
import { assertDescriptor, type Descriptor } from '../oci/descriptor.js';
import { digestOf } from '../oci/digest.js';
import { mediaTypes } from '../oci/media-types.js';

/** One file of an artifact. */
export interface ArtifactFile {
  /** Media type of the content, such as `application/spdx+json`. */
  readonly mediaType: string;
  /** The content. */
  readonly content: Uint8Array;
  /** Annotations of the layer, such as `org.opencontainers.image.title` for a file name. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** An artifact that refers to a manifest: an SBOM, a signature, an attestation. */
export interface Artifact {
  /** What kind of artifact it is, such as `application/vnd.cyclonedx+json`. */
  readonly artifactType: string;
  /** Its files, in order; none makes an artifact that says all in its annotations. */
  readonly files: readonly ArtifactFile[];
  /** Annotations; they show in lists of referrers too. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

const emptyConfig = Buffer.from('{}');

/**
 * Makes a referrer: pushes an artifact whose subject is a manifest.
 *
 * @remarks The same artifact for the same subject has the same digest, so attaching twice leaves one referrer.
 * @param pusher - target repository; the subject's
 * @param subject - the manifest the artifact is about, as `resolve` returned it
 * @param artifact - type, files and annotations
 * @returns the descriptor of the referrer, as lists of referrers show it
 * @throws {@link ArgumentError} `ERR_OCI_INVALID_OPTION` for an artifact type that is not a media type, and every code of a push
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#guidelines-for-artifact-usage
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 * import { attachArtifact, createResolver } from '@stellaops/oci-referrers';
 *
 * await using resolver = createResolver();
 * const reference = 'registry.example.com/team/app:1.2';
 * const { descriptor } = await resolver.resolve(reference);
 * const pusher = await resolver.pusher(reference);
 * await attachArtifact(pusher, descriptor, {
 *   artifactType: 'application/spdx+json',
 *   files: [{ mediaType: 'application/spdx+json', content: await readFile('app.spdx.json') }],
 * });
 * ```
 */
export async function attachArtifact(
  pusher: PushTarget,
  subject: Descriptor,
  artifact: Artifact,
  options: AbortableOptions = {},
): Promise<Descriptor> {
  assertDescriptor(subject, 'subject');
  const config = { mediaType: mediaTypes.ociEmpty, digest: digestOf(emptyConfig), size: emptyConfig.length };
  // The specification wants at least one layer; an artifact without files has the empty one.
  const files =
    artifact.files.length === 0 ? [{ mediaType: mediaTypes.ociEmpty, content: emptyConfig }] : artifact.files;
  const layers = files.map(describeFile);
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    artifactType: artifact.artifactType,
    config,
    layers,
    subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
    ...(artifact.annotations === undefined ? {} : { annotations: artifact.annotations }),
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  const descriptor: Descriptor = {
    mediaType: mediaTypes.ociManifest,
    digest: digestOf(bytes),
    size: bytes.length,
    artifactType: artifact.artifactType,
    annotations: artifact.annotations,
  };
  assertTypes(artifact, [descriptor, ...layers]);
  await pusher.assertListable(subject, options);
  await pusher.push(config, emptyConfig, options);
  for (const [index, file] of files.entries()) {
    const layer = layers[index];
    if (layer !== undefined) await pusher.push(layer, file.content, options);
  }
  await pusher.push(descriptor, bytes, options);
  return descriptor;
}

function describeFile({ mediaType, content, annotations }: ArtifactFile): Descriptor {
  return {
    mediaType,
    digest: digestOf(content),
    size: content.length,
    ...(annotations === undefined ? {} : { annotations }),
  };
}

function assertTypes(artifact: Artifact, descriptors: readonly Descriptor[]): void {
  // A descriptor checks media types by the same grammar (RFC 6838) an artifact type has to follow.
  const typed = { mediaType: artifact.artifactType, digest: digestOf(emptyConfig), size: 2 };
  try {
    for (const descriptor of [typed, ...descriptors]) assertDescriptor(descriptor);
  } catch (cause) {
    throw new ArgumentError('ERR_OCI_INVALID_OPTION', `artifact: ${(cause as Error).message}`, {
      argument: 'artifact',
      cause,
      hint: 'artifactType and mediaType are media types such as application/spdx+json',
    });
  }
}
