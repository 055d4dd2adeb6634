import type { AbortableOptions } from '../content/abort.js';
import { defaultLimits } from '../content/limits.js';
import { readContent } from '../content/read.js';
import type { ContentSource } from '../content/sources.js';
import { ArgumentError } from '../errors/index.js';
import { assertDescriptor, type Descriptor } from '../oci/descriptor.js';
import { annotationsOf, artifactTypeOf, blobsBelow, parseManifest, subjectOf } from '../oci/manifest.js';

/** An artifact as its manifest describes it; made by {@link readArtifact}. */
export interface ArtifactContent {
  /** Its manifest. */
  readonly descriptor: Descriptor;
  /** The manifest's bytes, verified. */
  readonly manifest: Uint8Array;
  /** What it is: `artifactType`, else the media type of its config. */
  readonly artifactType: string | undefined;
  /** The manifest it refers to, where it is a referrer. */
  readonly subject: Descriptor | undefined;
  /** Annotations of the manifest. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Its config; often the empty one. */
  readonly config: Descriptor;
  /** Its files, in order; `org.opencontainers.image.title` among their annotations is a name somebody gave, not one to trust. */
  readonly files: readonly Descriptor[];
}

/**
 * Reads what an artifact consists of, the counterpart of {@link attachArtifact}; its files are fetched from the same source.
 *
 * @param source - a fetcher, a layout, or a bundle's source
 * @param descriptor - the artifact, as a list of referrers or `resolve` gave it; its size has to be that of its manifest
 * @returns descriptors of its files; `source.fetch` opens each, verified on its way
 * @throws {@link ArgumentError} `ERR_OCI_INVALID_DESCRIPTOR` for an index, which has manifests and no files; every code of
 * a fetch, and of a manifest that is none
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#guidelines-for-artifact-usage
 * @example
 * ```ts
 * import { createResolver, readArtifact } from '@stellaops/oci-referrers';
 *
 * await using resolver = createResolver();
 * const image = 'registry.example.com/team/app:1.2';
 * const { descriptor } = await resolver.resolve(image);
 * const fetcher = await resolver.fetcher(image);
 * const [sbom] = await fetcher.fetchReferrers(descriptor, 'application/vnd.cyclonedx+json');
 * if (sbom !== undefined) {
 *   const { files } = await readArtifact(fetcher, sbom);
 *   for (const file of files) for await (const chunk of await fetcher.fetch(file)) process.stdout.write(chunk);
 * }
 * ```
 */
export async function readArtifact(
  source: ContentSource,
  descriptor: Descriptor,
  options: AbortableOptions = {},
): Promise<ArtifactContent> {
  assertDescriptor(descriptor);
  const bound = { limitName: 'maxManifestBytes', limit: defaultLimits.maxManifestBytes };
  const manifest = await readContent(source, descriptor, bound, options);
  const parsed = parseManifest(manifest, descriptor.mediaType, `manifest ${descriptor.digest}`);
  if (parsed.kind === 'index') throw isIndex(descriptor, parsed.index.manifests.length);
  // Made safe from being taken for manifests; the config stands first.
  const [config = parsed.manifest.config, ...files] = blobsBelow(parsed);
  return {
    descriptor,
    manifest,
    artifactType: artifactTypeOf(parsed),
    subject: subjectOf(parsed),
    annotations: annotationsOf(parsed) ?? {},
    config,
    files,
  };
}

function isIndex({ digest }: Descriptor, count: number): ArgumentError {
  const message = `${digest} is an index of ${count} manifests, and has no files of its own`;
  const hint = 'name one of its manifests by digest';
  return new ArgumentError('ERR_OCI_INVALID_DESCRIPTOR', message, { argument: 'descriptor', hint });
}
