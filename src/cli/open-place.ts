import {
  type ContentSource,
  createResolver,
  type Descriptor,
  type OpenBundle,
  openBundle,
  openLayout,
} from '../index.js';
import { type BundleLocation, parseBundleLocation } from './bundle-location.js';
import { checkingProgress } from './checking-progress.js';
import type { CommandContext } from './command-context.js';
import type { ConnectionFlags } from './connection-flags.js';
import { connectionOptions } from './connection-options.js';
import { parseLocation } from './location.js';
import { UsageError } from './usage-error.js';

/** A manifest somewhere, and where its content comes from; whoever opened it closes it. */
export interface Place extends AsyncDisposable {
  readonly source: ContentSource;
  readonly descriptor: Descriptor;
  /** What it is called, pinned by digest. */
  readonly name: string;
}

/**
 * Opens what a text names: an image or artifact in a registry, in a layout (`oci:DIR@DIGEST`), in a bundle (`FILE@DIGEST`).
 *
 * @throws UsageError for a bundle without a digest, or one that it does not name
 */
export async function openPlace(text: string, flags: ConnectionFlags, context: CommandContext): Promise<Place> {
  const { signal } = context;
  const bundle = await parseBundleLocation(text);
  if (bundle !== undefined) return await openInBundle(bundle, context);
  const location = parseLocation(text, 'reference');
  if ('layout' in location) {
    const layout = await openLayout(location.layout);
    const { descriptor, repository } = await layout.resolve(location.name);
    const name = `oci:${location.layout}@${descriptor.digest}`;
    return {
      source: layout.inRepository(repository),
      descriptor,
      name,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
  const resolver = createResolver(await connectionOptions(flags, [location.registry], context));
  const close = (): Promise<void> => resolver.close();
  try {
    const { name, descriptor } = await resolver.resolve(location.reference, { signal });
    const source = await resolver.fetcher(location.reference, { signal });
    return { source, descriptor, name, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openInBundle({ file, digest }: BundleLocation, { output, signal }: CommandContext): Promise<Place> {
  if (digest === undefined) {
    throw new UsageError(`${file} is a bundle of many things`, {
      hint: `name one of them, ${file}@DIGEST: oci-referrers discover ${file} --format table lists them`,
    });
  }
  const bundle = await openBundle(file, { onChecked: checkingProgress(output), signal });
  const found = findInBundle(bundle, digest);
  if (found !== undefined) return { ...found, name: `${file}@${digest}`, [Symbol.asyncDispose]: () => bundle.close() };
  await bundle.close();
  throw new UsageError(`${file} has no image and no referrer ${digest}`, {
    hint: `oci-referrers discover ${file} --format table lists what it has`,
  });
}

/** Finds an image or a referrer; any source of the bundle gives its content, which is stored once. */
function findInBundle(
  { images, record }: OpenBundle,
  digest: string,
): Pick<Place, 'source' | 'descriptor'> | undefined {
  const artifacts = record.referrers.subjects.flatMap((subject) => subject.artifacts);
  const found = [...images.map(({ descriptor }) => descriptor), ...artifacts].find((one) => one.digest === digest);
  const source = images[0]?.source;
  if (found === undefined || source === undefined) return undefined;
  return { source, descriptor: { mediaType: found.mediaType, digest, size: found.size } };
}
