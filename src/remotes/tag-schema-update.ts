import { type AbortableOptions, sleep } from '../content/abort.js';
import { isOciError, LimitError, ReferrersError, RegistryError } from '../errors/index.js';
import type { Descriptor } from '../oci/descriptor.js';
import { digestOf } from '../oci/digest.js';
import { mediaTypes } from '../oci/media-types.js';
import { referrersTag } from '../oci/referrers-tag.js';
import { parseStrictJson } from '../oci/strict-json.js';
import { AttemptLog } from './attempt-log.js';
import type { Connections } from './connections.js';
import { putManifest } from './put-manifest.js';
import { referrersLock } from './referrers-lock.js';
import type { Repository } from './repository.js';
import { assertTagAbsent } from './tag-elsewhere.js';
import { readReferrersTag, type TagAnswer } from './tag-schema.js';

const maxTries = 8;
const pauseMs = 50;

/** An entry of a list as it stands there, fields nobody here knows included. */
export type RawEntry = Readonly<Record<string, unknown>>;

/** What is known about a list before it is changed. */
export interface ChangeOptions extends AbortableOptions {
  /** True when the list was seen a moment ago: that it is not there then is no reason to begin a new one. */
  readonly wasThere: boolean;
}

/** Runs work while no other writer of this process pushes or deletes a referrer of a subject. */
export async function whileListIsHeld<Result>(
  at: Repository,
  subject: Descriptor,
  work: () => Promise<Result>,
  signal: AbortSignal | undefined,
): Promise<Result> {
  return await referrersLock.run(`${at.key} ${referrersTag(subject.digest)}`, work, signal);
}

/**
 * Adds an entry to a list that is held, without losing anybody else's.
 *
 * @remarks No registry tested honours conditional requests, so the tag cannot be changed atomically: writers of this
 * process take turns, the list is read back, and a lost entry is written again. Another program can still overwrite it
 * after that.
 * @param otherwise - what it means when that cannot be done
 * @throws ReferrersError `ERR_OCI_REFERRERS_TAG_CONFLICT` when others keep overwriting it
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests-with-subject
 */
export async function addEntry(
  connections: Connections,
  at: Repository,
  subject: Descriptor,
  entry: RawEntry,
  otherwise: string,
  options: ChangeOptions,
): Promise<void> {
  const add = ({ document, digests }: CurrentList): readonly RawEntry[] | undefined =>
    digests.has(String(entry['digest'])) ? undefined : [...document.manifests, entry];
  await changeList(connections, at, subject, { change: add, otherwise }, options);
}

/**
 * Takes a referrer off a list that is held.
 *
 * @remarks A list that becomes empty stays, as an empty one: its tag could only be removed together with a manifest, and
 * at GitLab that manifest is the subject.
 * @param options - `onRemove` is told the entry before the list is written without it
 */
export async function removeEntry(
  connections: Connections,
  at: Repository,
  subject: Descriptor,
  digest: string,
  options: ChangeOptions & { readonly onRemove: (entry: RawEntry) => void },
): Promise<void> {
  const remove = ({ document }: CurrentList): readonly RawEntry[] | undefined => {
    const entry = document.manifests.find((listed) => listed['digest'] === digest);
    if (entry === undefined) return undefined;
    options.onRemove(entry);
    return document.manifests.filter((listed) => listed['digest'] !== digest);
  };
  const otherwise = `${digest} is still listed and was not deleted`;
  await changeList(connections, at, subject, { change: remove, otherwise }, options);
}

interface ListChange {
  /** Makes the new entries; undefined when there is nothing to change. */
  readonly change: (current: CurrentList) => readonly RawEntry[] | undefined;
  /** What it means when the change is lost again and again. */
  readonly otherwise: string;
}

/** Changes the list until it reads as it should. */
async function changeList(
  connections: Connections,
  at: Repository,
  subject: Descriptor,
  { change, otherwise }: ListChange,
  options: ChangeOptions,
): Promise<void> {
  const what = at.describe(`referrers tag ${referrersTag(subject.digest)}`);
  let { wasThere } = options;
  let isMissing = false;
  for (let attempt = 1; attempt <= maxTries; attempt++) {
    const current = await readList(connections, at, subject, options);
    isMissing = wasThere && !current.isThere;
    wasThere ||= current.isThere;
    // A node that lags behind says so too: a new list would take the place of what everybody else has written.
    if (!isMissing) {
      const manifests = change(current);
      if (manifests === undefined) return;
      wasThere = (await tryPut(connections, at, subject, { ...current, manifests }, options)) || wasThere;
    }
    await sleep(pauseMs * (attempt - 1), options.signal);
  }
  if (isMissing) {
    const hint = 'nodes that do not agree may stand behind one address, or somebody deleted the list: try again';
    throw conflict(subject, `${what} was there and is not there any more, answers ${at.host.host}; ${otherwise}`, hint);
  }
  const reason = `was overwritten by others ${maxTries} times; ${otherwise}`;
  throw conflict(subject, `${what} ${reason}`, 'try again when the other writers are done');
}

interface CurrentList {
  /** False where there is no list yet. */
  readonly isThere: boolean;
  /** The document as it stands, fields of other writers included. */
  readonly document: RawEntry & { readonly manifests: readonly RawEntry[] };
  readonly digests: ReadonlySet<string>;
  readonly condition: Readonly<Record<string, string>>;
}

async function readList(
  connections: Connections,
  at: Repository,
  subject: Descriptor,
  options: AbortableOptions,
): Promise<CurrentList> {
  const { limits, timeouts } = connections.options;
  const answer: TagAnswer = await readReferrersTag(at, subject, { ...options, limits, attempts: new AttemptLog() });
  if (answer.kind === 'index') {
    // Checked as an index when it was read; this keeps what the schema does not know.
    const document = parseStrictJson(answer.bytes, 'referrers tag') as CurrentList['document'];
    const digests = new Set(answer.index.manifests.map((entry) => entry.digest));
    const condition: CurrentList['condition'] = answer.etag === undefined ? {} : { 'if-match': answer.etag };
    return { isThere: true, document, digests, condition };
  }
  if (answer.kind === 'absent') {
    if (answer.isWeak) await assertTagAbsent(at, subject, { ...options, limits, timeouts });
    const document = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] };
    return { isThere: false, document, digests: new Set(), condition: { 'if-none-match': '*' } };
  }
  const reason = `${at.host.host} resolves the referrers tag to the subject itself`;
  throw conflict(subject, reason, 'push the referrers to a registry with the referrers API');
}

function conflict(subject: Descriptor, message: string, hint: string): ReferrersError {
  return new ReferrersError('ERR_OCI_REFERRERS_TAG_CONFLICT', message, { subject: subject.digest, hint });
}

/** Writes the list; false where a 412 says that somebody else was faster, and the caller reads again. */
async function tryPut(
  connections: Connections,
  at: Repository,
  subject: Descriptor,
  { document, manifests, condition }: CurrentList & Pick<CurrentList['document'], 'manifests'>,
  { signal }: AbortableOptions,
): Promise<boolean> {
  const { limits } = connections.options;
  const tag = referrersTag(subject.digest);
  const bytes = Buffer.from(JSON.stringify({ ...document, manifests }));
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
    return true;
  } catch (error) {
    const isRace = isOciError(error) && error instanceof RegistryError && error.status === 412;
    if (!isRace) throw error;
    return false;
  }
}
