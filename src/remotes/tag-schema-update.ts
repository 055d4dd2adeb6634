import { type AbortableOptions, sleep } from '../content/abort.js';
import { isOciError, LimitError, ReferrersError, RegistryError } from '../errors/index.js';
import type { Descriptor } from '../oci/descriptor.js';
import { digestOf } from '../oci/digest.js';
import { mediaTypes } from '../oci/media-types.js';
import { referrersTag } from '../oci/referrers-tag.js';
import { AttemptLog } from './attempt-log.js';
import type { Connections } from './connections.js';
import { putManifest } from './put-manifest.js';
import type { Repository } from './repository.js';
import { readReferrersTag, type TagAnswer } from './tag-schema.js';

const maxTries = 8;
const pauseMs = 50;

/**
 * Adds one referrer to the list under its subject's referrers tag, without losing anybody else's.
 *
 * @remarks No registry tested honours conditional requests, so the tag cannot be changed atomically: writers of this
 * resolver take turns, the list is read back, and a lost entry is written again. Another program can still overwrite it
 * after that.
 * @throws ReferrersError `ERR_OCI_REFERRERS_TAG_CONFLICT` when others keep overwriting it
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests-with-subject
 */
export async function addToReferrersTag(
  connections: Connections,
  at: Repository,
  subject: Descriptor,
  referrer: Descriptor,
  options: AbortableOptions,
): Promise<void> {
  const tag = referrersTag(subject.digest);
  await connections.tagLock.run(`${at.key} ${tag}`, async () => {
    for (let attempt = 1; attempt <= maxTries; attempt++) {
      const current = await readList(connections, at, subject, options);
      if (current.entries.some((entry) => entry.digest === referrer.digest)) return;
      await tryPut(connections, at, tag, current, [...current.entries, referrer], options);
      await sleep(pauseMs * (attempt - 1), options.signal);
    }
    throw new ReferrersError(
      'ERR_OCI_REFERRERS_TAG_CONFLICT',
      `${at.describe(`referrers tag ${tag}`)} was overwritten by others ${maxTries} times; ${referrer.digest} is pushed but may not be listed`,
      { subject: subject.digest, hint: 'push again when the other writers are done' },
    );
  });
}

interface CurrentList {
  readonly entries: readonly Descriptor[];
  readonly etag: string | undefined;
  readonly isNew: boolean;
}

async function readList(
  connections: Connections,
  at: Repository,
  subject: Descriptor,
  options: AbortableOptions,
): Promise<CurrentList> {
  const { limits } = connections.options;
  const answer: TagAnswer = await readReferrersTag(at, subject, { ...options, limits, attempts: new AttemptLog() });
  if (answer.kind === 'index') return { entries: answer.index.manifests, etag: answer.etag, isNew: false };
  if (answer.kind === 'absent') return { entries: [], etag: undefined, isNew: true };
  throw new ReferrersError(
    'ERR_OCI_REFERRERS_TAG_CONFLICT',
    `${at.host.host} resolves the referrers tag to the subject itself`,
    {
      subject: subject.digest,
      hint: 'push the referrers to a registry with the referrers API',
    },
  );
}

/** Writes the list; a 412 says that somebody else was faster, and the caller reads again. */
async function tryPut(
  connections: Connections,
  at: Repository,
  tag: string,
  current: CurrentList,
  manifests: readonly Descriptor[],
  { signal }: AbortableOptions,
): Promise<void> {
  const { limits } = connections.options;
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }));
  if (bytes.length > limits.maxManifestBytes) {
    throw new LimitError(
      `${at.describe(`referrers tag ${tag}`)} would be larger than maxManifestBytes (${limits.maxManifestBytes})`,
      {
        limitName: 'maxManifestBytes',
        limit: limits.maxManifestBytes,
        hint: 'a list this long needs a registry with the referrers API',
      },
    );
  }
  const descriptor = { mediaType: mediaTypes.ociIndex, digest: digestOf(bytes), size: bytes.length };
  const condition = current.isNew
    ? { 'if-none-match': '*' }
    : current.etag === undefined
      ? {}
      : { 'if-match': current.etag };
  try {
    await putManifest(at, tag, descriptor, bytes, { limits, signal, headers: condition });
  } catch (error) {
    const isRace = isOciError(error) && error instanceof RegistryError && error.status === 412;
    if (!isRace) throw error;
  }
}
