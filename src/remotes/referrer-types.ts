import { mapConcurrently } from '../content/abort.js';
import { lostReferrer } from '../content/lost-referrer.js';
import { readBounded } from '../content/read.js';
import type { FetcherByDigest } from '../content/sources.js';
import type { Descriptor } from '../oci/descriptor.js';
import { describeReferrer, parseManifest } from '../oci/manifest.js';
import { mediaTypes } from '../oci/media-types.js';

/** What it takes to read the manifests of listed referrers. */
export interface TypeContext {
  readonly subject: Descriptor;
  readonly byDigest: FetcherByDigest;
  readonly maxManifestBytes: number;
  readonly signal: AbortSignal;
}

/** What lists say where they took the type from the wrong field, or from none: no artifact is of such a type by choice. */
const emptyTypes: ReadonlySet<string | undefined> = new Set([
  undefined,
  mediaTypes.ociEmpty,
  mediaTypes.ociConfig,
  mediaTypes.dockerConfig,
]);
const typeConcurrency = 4;

/** Takes type, size and annotations of each referrer from its own manifest. */
export async function describeByManifests(
  context: TypeContext,
  listed: readonly Descriptor[],
): Promise<readonly Descriptor[]> {
  return await mapConcurrently(
    listed,
    typeConcurrency,
    async (entry, stop) => await describeByManifest(context, entry, stop),
    context.signal,
  );
}

/**
 * Keeps the referrers of the wanted types.
 *
 * DEVIATION(discovery.md): where a list gives a referrer no type, or the type of its config, its manifest is asked rather
 * than the referrer left out: a short list would be no confirmed fact (Harbor 2.8, Quay, go-containerregistry).
 */
export async function keepWanted(
  context: TypeContext,
  listed: readonly Descriptor[],
  wanted: readonly string[],
): Promise<readonly Descriptor[]> {
  const isWanted = ({ artifactType = '' }: Descriptor): boolean => wanted.includes(artifactType);
  const isUntyped = (entry: Descriptor): boolean => !isWanted(entry) && emptyTypes.has(entry.artifactType);
  const described = await describeByManifests(context, listed.filter(isUntyped));
  const byDigest = new Map(described.map((referrer) => [referrer.digest, referrer]));
  return listed.map((entry) => byDigest.get(entry.digest) ?? entry).filter(isWanted);
}

async function describeByManifest(
  { subject, byDigest, maxManifestBytes }: TypeContext,
  entry: Descriptor,
  signal: AbortSignal,
): Promise<Descriptor> {
  const bound = { limitName: 'maxManifestBytes', limit: maxManifestBytes };
  const asked = byDigest.fetchByDigest(entry.digest, { kind: 'manifest', signal });
  const { descriptor, body } = await asked.catch((error: unknown) => lostReferrer(entry, subject.digest, error));
  const bytes = await readBounded(body, bound, `manifest ${entry.digest}`, signal);
  const own = { mediaType: descriptor.mediaType, digest: entry.digest, size: bytes.length };
  return describeReferrer(own, parseManifest(bytes, own.mediaType, `manifest ${entry.digest}`));
}
