import { type AbortableOptions, sleep } from '../content/abort.js';
import { isOciError, LimitError, ReferrersError, RegistryError } from '../errors/index.js';
import type { Descriptor } from '../oci/descriptor.js';
import { digestOf } from '../oci/digest.js';
import { mediaTypes } from '../oci/media-types.js';
import { referrersTag } from '../oci/referrers-tag.js';
import { parseStrictJson } from '../oci/strict-json.js';
import { AttemptLog } from './attempt-log.js';
import type { Connections } from './connections.js';
import { referrersLock } from './keyed-lock.js';
import { putManifest } from './put-manifest.js';
import type { Repository } from './repository.js';
import { assertTagAbsent } from './tag-elsewhere.js';
import { readReferrersTag, type TagAnswer } from './tag-schema.js';

const maxTries = 8;
const pauseMs = 50;

/**
 * Adds one referrer to the list under its subject's referrers tag, without losing anybody else's.
 *
 * @remarks No registry tested honours conditional requests, so the tag cannot be changed atomically: writers of this
 * process take turns, the list is read back, and a lost entry is written again. Another program can still overwrite it
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
  const add = async (): Promise<void> => {
    for (let attempt = 1; attempt <= maxTries; attempt++) {
      const current = await readList(connections, at, subject, options);
      if (current.digests.has(referrer.digest)) return;
      await tryPut(connections, at, tag, current, referrer, options);
      await sleep(pauseMs * (attempt - 1), options.signal);
    }
    throw conflict(
      subject,
      `${at.describe(`referrers tag ${tag}`)} was overwritten by others ${maxTries} times; ${referrer.digest} is pushed but may not be listed`,
      'push again when the other writers are done',
    );
  };
  await referrersLock.run(`${at.key} ${tag}`, add, options.signal);
}

interface CurrentList {
  /** The document as it stands, fields of other writers included. */
  readonly document: Readonly<Record<string, unknown>> & { readonly manifests: readonly unknown[] };
  readonly digests: ReadonlySet<string>;
  readonly condition: Readonly<Record<string, string>>;
}

async function readList(
  connections: Connections,
  at: Repository,
  subject: Descriptor,
  options: AbortableOptions,
): Promise<CurrentList> {
  const { limits } = connections.options;
  const answer: TagAnswer = await readReferrersTag(at, subject, { ...options, limits, attempts: new AttemptLog() });
  if (answer.kind === 'index') {
    // Checked as an index when it was read; this keeps what the schema does not know.
    const document = parseStrictJson(answer.bytes, 'referrers tag') as CurrentList['document'];
    const digests = new Set(answer.index.manifests.map((entry) => entry.digest));
    return { document, digests, condition: answer.etag === undefined ? {} : { 'if-match': answer.etag } };
  }
  if (answer.kind === 'absent') {
    if (answer.isWeak) await assertTagAbsent(at, subject, { ...options, limits });
    const document = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] };
    return { document, digests: new Set(), condition: { 'if-none-match': '*' } };
  }
  const reason = `${at.host.host} resolves the referrers tag to the subject itself`;
  throw conflict(subject, reason, 'push the referrers to a registry with the referrers API');
}

function conflict(subject: Descriptor, message: string, hint: string): ReferrersError {
  return new ReferrersError('ERR_OCI_REFERRERS_TAG_CONFLICT', message, { subject: subject.digest, hint });
}

/** Writes the list; a 412 says that somebody else was faster, and the caller reads again. */
async function tryPut(
  connections: Connections,
  at: Repository,
  tag: string,
  current: CurrentList,
  referrer: Descriptor,
  { signal }: AbortableOptions,
): Promise<void> {
  const { limits } = connections.options;
  const { document, condition } = current;
  const bytes = Buffer.from(JSON.stringify({ ...document, manifests: [...document.manifests, referrer] }));
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
  try {
    await putManifest(at, tag, descriptor, bytes, { limits, signal, headers: condition });
  } catch (error) {
    const isRace = isOciError(error) && error instanceof RegistryError && error.status === 412;
    if (!isRace) throw error;
  }
}
