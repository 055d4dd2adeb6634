import type { AbortableOptions } from '../content/abort.js';
import type { PushResult } from '../content/sources.js';
import { ReferrersError } from '../errors/index.js';
import type { BufferedResponse } from '../http/types.js';
import type { Descriptor } from '../oci/descriptor.js';
import { describeReferrer, parseManifest, subjectOf } from '../oci/manifest.js';
import { referrersTag } from '../oci/referrers-tag.js';
import { AttemptLog } from './attempt-log.js';
import type { Connections } from './connections.js';
import { putManifest } from './put-manifest.js';
import { readReferrersPages } from './referrers-pages.js';
import type { Repository } from './repository.js';
import { assertTagAbsent } from './tag-elsewhere.js';
import { readReferrersTag } from './tag-schema.js';
import { addEntry, whileListIsHeld } from './tag-schema-update.js';
import { withinDiscovery } from './within-discovery.js';

type PushOptions = { readonly tag: string | undefined } & AbortableOptions;

/**
 * Pushes a manifest; one with a subject is kept listed, by the API or by the referrers tag.
 *
 * How it will be listed is decided before anything is pushed: a referrer that could never be found again is refused.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests-with-subject
 */
export async function pushManifest(
  connections: Connections,
  at: Repository,
  descriptor: Descriptor,
  bytes: Uint8Array,
  options: PushOptions,
): Promise<PushResult> {
  const { limits } = connections.options;
  const { signal } = options;
  const parsed = parseManifest(bytes, descriptor.mediaType, `manifest ${descriptor.digest}`);
  const subject = subjectOf(parsed);
  const listing = subject === undefined ? undefined : await decideListing(connections, at, subject, signal);
  const hasApi = listing === 'api';

  const put = async (): Promise<BufferedResponse> => {
    const answer = await putManifest(at, options.tag ?? descriptor.digest, descriptor, bytes, { limits, signal });
    connections.capabilities.addSubject(at.key, descriptor.digest);
    return answer;
  };
  if (subject === undefined) {
    await put();
    return { descriptor, uploaded: true };
  }
  const putAndList = async (): Promise<void> => {
    const answer = await put();
    // The header alone proves nothing: Docker Hub and ECR have sent it without an API, Quay has an API without it.
    const isConfirmed = hasApi && answer.headers.get('oci-subject') === subject.digest;
    if (isConfirmed || (hasApi && !connections.options.fallbackHosts)) return;
    const otherwise = `${descriptor.digest} is pushed but may not be listed`;
    await addEntry(connections, at, subject, { ...describeReferrer(descriptor, parsed) }, otherwise, {
      signal,
      wasThere: listing === 'list',
    });
  };
  // One referrer of a subject at a time, manifest and entry: a deletion in between would leave an entry of nothing, and
  // olareg 0.2.2 answers 201 to two manifests at once and keeps only one of them listed.
  await whileListIsHeld(at, subject, putAndList, signal);
  return { descriptor, uploaded: true, referrers: hasApi ? 'api' : 'tag-schema' };
}

/**
 * Finds out, before a push, whether the registry lists referrers itself; refuses what could not be listed at all.
 *
 * @returns `api` when the referrers API is there; else the referrers tag has to be kept, and there is a `list`, or a `new-list` has
 * to be made
 */
export async function decideListing(
  connections: Connections,
  at: Repository,
  subject: Descriptor,
  signal: AbortSignal | undefined,
): Promise<'api' | 'list' | 'new-list'> {
  const { limits, timeouts, fallbackHosts } = connections.options;
  if (await hasReferrersApi(connections, at, subject, signal)) return 'api';
  if (!fallbackHosts) {
    throw new ReferrersError(
      'ERR_OCI_REFERRERS_UNSUPPORTED',
      `${at.host.host} has no referrers API for ${at.name}, and fallbackHosts is false: the referrer was not pushed`,
      {
        subject: subject.digest,
        hint: 'allow the referrers tag schema (fallbackHosts: true), or push to a registry with the API',
      },
    );
  }
  const tag = await readReferrersTag(at, subject, { limits, attempts: new AttemptLog(), signal });
  if (tag.kind === 'aliases-subject') {
    throw new ReferrersError(
      'ERR_OCI_REFERRERS_TAG_CONFLICT',
      `${at.host.host} resolves the tag ${referrersTag(subject.digest)} to the subject itself, so a referrer could never be listed: it was not pushed`,
      { subject: subject.digest, hint: 'GitLab does this; push the referrers to a registry with the referrers API' },
    );
  }
  if (tag.kind === 'absent' && tag.isWeak) await assertTagAbsent(at, subject, { limits, timeouts, signal });
  return tag.kind === 'index' ? 'list' : 'new-list';
}

/** Tells whether the registry lists referrers itself: from what is known, or by asking. */
export async function hasReferrersApi(
  connections: Connections,
  at: Repository,
  subject: Descriptor,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const { capabilities, options } = connections;
  const known = capabilities.get(at.key);
  if (known !== undefined) return known === 'supported';
  const { limits, timeouts, fallbackOn } = options;
  const asking = { artifactType: undefined, fallbackOn, limits, attempts: new AttemptLog(), capabilities };
  const unanswered = `${at.describe(`the list of referrers of ${subject.digest}`)} was not read to its end`;
  const question = { unanswered, where: `${at.host.host}/${at.name}`, signal };
  const answer = await withinDiscovery(timeouts, question, async (within) => {
    return await readReferrersPages(at, subject.digest, { ...asking, signal: within });
  });
  return answer.kind === 'list';
}
