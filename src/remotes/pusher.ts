import type { Readable } from 'node:stream';
import type { AbortableOptions } from '../content/abort.js';
import { checkOptions } from '../content/check-options.js';
import { assertContent, readBounded } from '../content/read.js';
import type { PushResult } from '../content/sources.js';
import { ArgumentError } from '../errors/index.js';
import { assertDescriptor, type Descriptor } from '../oci/descriptor.js';
import { isManifestType } from '../oci/media-types.js';
import { isRepositoryName, isTag, type Reference } from '../oci/reference.js';
import type { Connections } from './connections.js';
import { deleteContent } from './delete-content.js';
import { createFetcher, mergeSignals } from './fetcher.js';
import { hostsWith } from './hosts.js';
import { describeManifest } from './manifest-descriptor.js';
import { pushOptions } from './option-schemas.js';
import { decideListing, pushManifest } from './push-manifest.js';
import { putManifest } from './put-manifest.js';
import type { Repository } from './repository.js';
import { isContent } from './stored-content.js';
import type { Pusher } from './types.js';
import { mountBlob, uploadBlob } from './upload.js';

/** Creates the pusher of one repository; `scope` aborts everything it does. */
export function createPusher(
  connections: Connections,
  reference: Reference,
  repositories: readonly Repository[],
  scope: AbortSignal | undefined,
): Pusher {
  const fetcher = createFetcher(connections, reference, repositories, scope);
  const { limits } = connections.options;
  const merged = (signal?: AbortSignal): AbortSignal | undefined => mergeSignals(scope, signal);
  const target = (): Repository => {
    const [host] = hostsWith(
      repositories.map((repository) => repository.host),
      'push',
      reference.registry,
    );
    const found = repositories.find((repository) => repository.host === host);
    if (found === undefined) throw new TypeError('a host without its repository');
    return found;
  };

  const pusher: Pusher = {
    ...fetcher,

    async push(
      descriptor: Descriptor,
      content: Uint8Array | (() => Readable),
      options: { readonly tag?: string | undefined } & AbortableOptions = {},
    ): Promise<PushResult> {
      assertDescriptor(descriptor);
      checkOptions(pushOptions, options);
      assertPushable(content);
      const signal = merged(options.signal);
      const at = target();
      if (content instanceof Uint8Array) assertContent(content, descriptor, 'the caller');
      if (!isManifestType(descriptor.mediaType)) {
        if (options.tag !== undefined) throw notTaggable(descriptor);
        const uploaded = await uploadBlob({ connections, at, blob: descriptor, content, signal });
        return { descriptor, uploaded };
      }
      assertTag(options.tag);
      const bytes = await manifestBytes(descriptor, content, limits.maxManifestBytes, signal);
      return await pushManifest(connections, at, descriptor, bytes, { tag: options.tag, signal });
    },

    async assertListable(subject: Descriptor, options: AbortableOptions = {}): Promise<void> {
      assertDescriptor(subject, 'subject');
      await decideListing(connections, target(), subject, merged(options.signal));
    },

    async exists(descriptor: Descriptor, options: AbortableOptions = {}): Promise<boolean> {
      assertDescriptor(descriptor);
      return await contentExists(target(), descriptor, connections, merged(options.signal));
    },

    async mount(descriptor: Descriptor, fromRepository: string, options: AbortableOptions = {}): Promise<boolean> {
      assertDescriptor(descriptor);
      if (!isRepositoryName(fromRepository)) {
        throw new ArgumentError(
          'ERR_OCI_INVALID_REFERENCE',
          `fromRepository is not a repository name: ${JSON.stringify(fromRepository)}`,
          {
            argument: 'fromRepository',
          },
        );
      }
      const signal = merged(options.signal);
      return await mountBlob({ connections, at: target(), blob: descriptor, signal }, fromRepository);
    },

    async tag(descriptor: Descriptor, tag: string, options: AbortableOptions = {}): Promise<void> {
      assertDescriptor(descriptor);
      assertTag(tag);
      const signal = merged(options.signal);
      const bound = { limitName: 'maxManifestBytes', limit: limits.maxManifestBytes };
      const bytes = await readBounded(await fetcher.fetch(descriptor, { signal }), bound, descriptor.digest, signal);
      await putManifest(target(), tag, descriptor, bytes, { signal, limits });
    },

    async delete(descriptor: Descriptor, options: AbortableOptions = {}): Promise<void> {
      assertDescriptor(descriptor);
      await deleteContent({ connections, at: target(), descriptor, signal: merged(options.signal) });
    },

    async resolveTag(tag: string, options: AbortableOptions = {}): Promise<Descriptor | undefined> {
      assertTag(tag);
      return await describeManifest(target(), tag, { limits, signal: merged(options.signal) });
    },
  };
  return pusher;
}

async function contentExists(
  at: Repository,
  descriptor: Descriptor,
  connections: Connections,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const isManifest = isManifestType(descriptor.mediaType);
  const { limits } = connections.options;
  const bound = { limitName: 'maxErrorBytes', limit: limits.maxErrorBytes };
  const answer = isManifest
    ? await at.manifest('HEAD', descriptor.digest, bound, { signal })
    : await at.read('HEAD', at.url('blobs', descriptor.digest), bound, { signal });
  if (answer.status === 404) return false;
  if (answer.status !== 200) throw at.refused(answer, 'look for', descriptor.digest);
  const isThere = isContent(answer, descriptor);
  if (isThere && isManifest) connections.capabilities.addSubject(at.key, descriptor.digest);
  return isThere;
}

async function manifestBytes(
  descriptor: Descriptor,
  content: Uint8Array | (() => Readable),
  limit: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  if (content instanceof Uint8Array) return content;
  const bytes = await readBounded(content(), { limitName: 'maxManifestBytes', limit }, descriptor.digest, signal);
  assertContent(bytes, descriptor, 'the caller');
  return bytes;
}

function assertPushable(content: unknown): void {
  if (content instanceof Uint8Array || typeof content === 'function') return;
  throw new ArgumentError('ERR_OCI_INVALID_OPTION', 'content is neither bytes nor a function', {
    argument: 'content',
    hint: 'give a Uint8Array, or a function that returns a fresh stream each time it is called',
  });
}

function assertTag(tag: string | undefined): void {
  if (tag === undefined || isTag(tag)) return;
  throw new ArgumentError('ERR_OCI_INVALID_REFERENCE', `tag is not a legal tag: ${JSON.stringify(tag)}`, {
    argument: 'tag',
  });
}

function notTaggable(descriptor: Descriptor): ArgumentError {
  return new ArgumentError(
    'ERR_OCI_INVALID_OPTION',
    `a tag can only point to a manifest, not to ${descriptor.mediaType}`,
    {
      argument: 'tag',
    },
  );
}
