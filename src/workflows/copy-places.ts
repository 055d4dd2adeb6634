import type { AbortableOptions } from '../content/abort.js';
import type { Limits } from '../content/limits.js';
import type { PushTarget, ReferrersSource } from '../content/sources.js';
import { ArgumentError, BundleError } from '../errors/index.js';
import { parseName } from '../layout/layout-entry.js';
import { openLayout } from '../layout/open-layout.js';
import type { Descriptor } from '../oci/descriptor.js';
import { formatReference, parseReference } from '../oci/reference.js';
import type { Resolver } from '../remotes/types.js';

/** An image in a registry. */
export interface RegistryLocation {
  /** Reaches the registry; stays open. */
  readonly resolver: Resolver;
  /** Such as `registry.example.com/team/app:1.2`. */
  readonly reference: string;
}

/** An image in an image layout directory. */
export interface LayoutLocation {
  /** The directory. */
  readonly layout: string;
  /**
   * Its name there: a tag, a full reference, or a digest. As a source it may be left out where the layout holds one image;
   * as a target the name the source has is kept then.
   */
  readonly name?: string | undefined;
}

/** Where an image is, or is to go. */
export type ImageLocation = RegistryLocation | LayoutLocation;

/** A source that was found. */
export interface OpenSource {
  /** What it is called, for reports. */
  readonly name: string;
  readonly source: ReferrersSource;
  readonly descriptor: Descriptor;
  /** Registry and repository, as far as they are known. */
  readonly registry?: string | undefined;
  readonly repository?: string | undefined;
  readonly tag: string | undefined;
  readonly isRegistry: boolean;
}

/** A target that is ready. */
export interface OpenTarget {
  readonly name: string;
  readonly target: PushTarget;
  readonly tag: string | undefined;
  readonly registry?: string | undefined;
  readonly repository?: string | undefined;
}

type PlaceOptions = AbortableOptions & { readonly limits?: Partial<Limits> | undefined };

/** Finds the image a copy starts from. */
export async function openSource(location: ImageLocation, { limits, signal }: PlaceOptions): Promise<OpenSource> {
  if ('layout' in location) {
    const layout = await openLayout(location.layout, { limits });
    const { descriptor, repository: full, tag } = await layout.resolve(location.name);
    const slash = full?.indexOf('/') ?? -1;
    return {
      name: layoutName(location.layout, location.name),
      source: layout.inRepository(full),
      descriptor,
      ...(full === undefined ? {} : { registry: full.slice(0, slash), repository: full.slice(slash + 1) }),
      tag,
      isRegistry: false,
    };
  }
  const { resolver, reference } = location;
  const { registry, repository, tag, digest } = parseReference(reference, 'source');
  const { descriptor } = await resolver.resolve(reference, { signal });
  const source = await resolver.fetcher(reference, { signal });
  const name = formatReference({ registry, repository, tag, digest });
  return { name, source, descriptor, registry, repository, tag, isRegistry: true };
}

/** Opens where a copy goes; nothing is written yet. */
export async function openTarget(
  location: ImageLocation,
  from: OpenSource,
  { limits, signal }: PlaceOptions,
): Promise<OpenTarget> {
  if ('layout' in location) return await openLayoutTarget(location, from, limits);
  const { resolver, reference } = location;
  const { registry, repository, tag, digest } = parseReference(reference, 'target');
  if (digest !== undefined && digest !== from.descriptor.digest) throw otherDigest(reference, from);
  const target = await resolver.pusher(reference, { signal });
  return { name: formatReference({ registry, repository, tag, digest }), target, tag, registry, repository };
}

async function openLayoutTarget(
  { layout: path, name }: LayoutLocation,
  from: OpenSource,
  limits: Partial<Limits> | undefined,
): Promise<OpenTarget> {
  const layout = await openLayout(path, { create: true, limits });
  const at = name?.indexOf('@') ?? -1;
  if (name !== undefined && at >= 0 && name.slice(at + 1) !== from.descriptor.digest) throw otherDigest(name, from);
  const wanted = at < 0 ? name : name?.slice(0, at);
  const isKept = wanted === undefined || wanted === '';
  const own = from.registry === undefined ? undefined : `${from.registry}/${from.repository ?? ''}`;
  // A tag alone is taken as it is: whoever says which name it is to have will look for that one.
  const { repository, tag }: { repository?: string | undefined; tag?: string | undefined } = isKept
    ? { repository: own, tag: from.tag }
    : parseName(wanted);
  if (!isKept && tag === undefined && repository === undefined) {
    throw new ArgumentError(
      'ERR_OCI_INVALID_REFERENCE',
      `target name ${JSON.stringify(wanted)} is no tag and no full reference`,
      {
        argument: 'target',
        hint: 'write a tag, or HOST/REPOSITORY:TAG',
      },
    );
  }
  const shown = tag ?? `@${from.descriptor.digest}`;
  return {
    name: layoutName(path, isKept ? shown : name),
    target: layout.inRepository(repository),
    tag: at < 0 ? tag : undefined,
  };
}

function layoutName(path: string, name: string | undefined): string {
  if (name === undefined || name === '') return `oci:${path}`;
  return `oci:${path}${name.startsWith('@') ? '' : ':'}${name}`;
}

function otherDigest(target: string, { descriptor, name }: OpenSource): BundleError {
  return new BundleError(
    'ERR_OCI_TRANSFER_REFUSED',
    `${target} names another digest than ${name} has, ${descriptor.digest}`,
    {
      hint: 'a copy never changes a digest: leave it out of the target, or name the source that has it',
    },
  );
}
