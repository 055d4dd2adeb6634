import type { AbortableOptions } from '../content/abort.js';
import { defaultLimits, type Limits } from '../content/limits.js';
import { lostReferrer } from '../content/lost-referrer.js';
import { assertContent, readBounded, readContent } from '../content/read.js';
import type { ReferrersSource } from '../content/sources.js';
import type { Descriptor } from '../oci/descriptor.js';

/**
 * Reads a manifest whole and verified.
 *
 * A referrer is described by a list, and lists state wrong sizes and types (Harbor 2.8 gives the size of the whole
 * artifact): where the source can, it is fetched by digest alone, and the descriptor is made from what came.
 */
export async function readManifestBytes(
  source: ReferrersSource,
  listed: Descriptor,
  options: AbortableOptions & { readonly listedFor: string | undefined; readonly limits: Partial<Limits> | undefined },
): Promise<{ descriptor: Descriptor; bytes: Buffer }> {
  const limit = options.limits?.maxManifestBytes ?? defaultLimits.maxManifestBytes;
  const bound = { limitName: 'maxManifestBytes', limit };
  if (options.listedFor === undefined)
    return { descriptor: listed, bytes: await readContent(source, listed, bound, options) };
  const subject = options.listedFor;
  if (source.fetchByDigest === undefined) {
    const bytes = await readContent(source, listed, bound, options).catch((error: unknown) =>
      lostReferrer(listed, subject, error),
    );
    return { descriptor: listed, bytes };
  }
  const asked = source.fetchByDigest(listed.digest, { kind: 'manifest', signal: options.signal });
  const fetched = await asked.catch((error: unknown) => lostReferrer(listed, subject, error));
  const bytes = await readBounded(fetched.body, bound, `manifest ${listed.digest}`, options.signal);
  const descriptor = { mediaType: fetched.descriptor.mediaType, digest: listed.digest, size: bytes.length };
  assertContent(bytes, descriptor, 'its source');
  return { descriptor, bytes };
}
