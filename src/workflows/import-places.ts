import type { BundleRecord } from '../bundle/record.js';
import type { PushTarget } from '../content/sources.js';
import { openLayout } from '../layout/open-layout.js';
import { formatReference, parseReference, type Reference } from '../oci/reference.js';
import { mapReferences } from '../transfer/mapping.js';
import { type BlobMounts, MountPlaces } from '../transfer/mount-places.js';
import type { ImportOptions } from './import-bundle.js';

/** Where one image of a bundle goes. */
export interface ImportPlace {
  /** The reference it has there. */
  readonly name: string;
  readonly tag: string | undefined;
  readonly mounts?: BlobMounts | undefined;
  readonly open: () => Promise<PushTarget>;
}

/** Finds the place of every image, in the order of the bundle, before any of them is asked for anything. */
export async function importPlaces(record: BundleRecord, options: ImportOptions): Promise<readonly ImportPlace[]> {
  const { layout: path, resolver, limits, signal } = options;
  const sources = record.images.map((image) => parseReference(image.reference));
  const nameOf = (reference: Reference, at: number): string =>
    formatReference({ ...reference, digest: reference.tag === undefined ? record.images[at]?.digest : undefined });
  if (path !== undefined) {
    const layout = await openLayout(path, { create: true, limits });
    return sources.map((source, at) => ({
      name: nameOf(source, at),
      tag: source.tag,
      open: () => Promise.resolve(layout.inRepository(`${source.registry}/${source.repository}`)),
    }));
  }
  if (resolver === undefined) throw new TypeError('an import without a resolver');
  const mounts = new MountPlaces();
  return mapReferences(sources, options).map((target, at) => {
    const name = nameOf(target, at);
    return {
      name,
      tag: target.tag,
      mounts: mounts.at(target.registry, target.repository),
      open: () => resolver.pusher(name, { signal }),
    };
  });
}
