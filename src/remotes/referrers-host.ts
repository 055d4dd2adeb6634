import type { CallScope } from '../content/call-scope.js';
import { OciError, ReferrersError } from '../errors/index.js';
import type { Descriptor } from '../oci/descriptor.js';
import { findOnlyInTag, type TagAddition } from './add-tag-schema.js';
import type { AttemptLog } from './attempt-log.js';
import type { Connections } from './connections.js';
import type { ReferrersVerdict } from './referrers-answer.js';
import { type ApiList, readReferrersPages } from './referrers-pages.js';
import type { Repository } from './repository.js';
import { isSubjectKnown } from './subject.js';
import { readReferrersTag, type TagAnswer } from './tag-schema.js';

/** The list one host gave; an entry of its referrers tag may be there twice. */
export interface HostList {
  readonly repository: Repository;
  readonly referrers: readonly Descriptor[];
  readonly source: 'api' | 'tag-schema';
  readonly pages: number;
  readonly isFiltered: boolean;
  readonly warnings: readonly string[];
}

/** How a host is asked for a list. */
export interface AskOptions {
  readonly artifactType: string | undefined;
  readonly confirmSubject: boolean;
  readonly includeTagSchema: boolean;
  /** Of the question as a whole. */
  readonly signal: CallScope;
  readonly attempts: AttemptLog;
}

type Unsupported = Extract<ReferrersVerdict, { kind: 'unsupported' }>;

/** Lists the referrers of a subject on one host: the API where it exists, the referrers tag where it does not. */
export async function askRepository(
  connections: Connections,
  repository: Repository,
  subject: Descriptor,
  options: AskOptions,
): Promise<HostList> {
  const api = await askApi(connections, repository, subject, options);
  const { fallbackHosts, limits } = connections.options;
  if (api.kind === 'list') {
    if (!options.includeTagSchema || !fallbackHosts) return fromApi(repository, api);
    const { signal } = options.signal;
    const added = await findOnlyInTag(repository, subject, api.referrers, { ...options, limits, signal });
    return fromApi(repository, api, added);
  }
  if (!fallbackHosts) throw unsupportedError(repository, subject);
  const tag = await readReferrersTag(repository, subject, { ...options, limits });
  const list = await judgeTag(connections, repository, subject, api, tag, options);
  // Another call may have had a list from the API while this one read the tag.
  if (connections.capabilities.hasSeenApi(repository.key)) throw inconsistent(repository, subject);
  noteDenial(connections, repository, subject, api);
  return list;
}

/**
 * Asks the API, unless a confirmed answer says it is not there; a host that has ever had it is asked twice.
 *
 * Closures and exports ask anew: what one node of a load balancer said once must not empty a whole bundle.
 */
async function askApi(
  connections: Connections,
  repository: Repository,
  subject: Descriptor,
  options: AskOptions,
): Promise<ApiList | Unsupported> {
  const { capabilities } = connections;
  if (capabilities.get(repository.key) === 'unsupported' && !options.confirmSubject) {
    return { kind: 'unsupported', rule: 'remembered', isWeak: true, errorCodes: [] };
  }
  const { limits, fallbackOn } = connections.options;
  const { artifactType, signal, attempts } = options;
  const settings = { artifactType, signal, attempts, limits, fallbackOn, capabilities };
  let answer = await readReferrersPages(repository, subject.digest, settings);
  if (answer.kind === 'unsupported' && capabilities.hasSeenApi(repository.key)) {
    await using fresh = connections.anew(repository);
    answer = await readReferrersPages(fresh, subject.digest, settings);
    if (answer.kind === 'unsupported') throw inconsistent(repository, subject);
  }
  // Another subject was just read from the tag because the API was denied: that list is in doubt now.
  if (answer.kind === 'list' && options.confirmSubject && capabilities.takeDenial(repository.key))
    throw inconsistent(repository, subject);
  return answer;
}

/** Remembers that the API is missing, once the tag has been believed instead. */
function noteDenial(connections: Connections, repository: Repository, subject: Descriptor, api: Unsupported): void {
  const { capabilities } = connections;
  capabilities.addDenial(repository.key);
  // A 404 for an unknown subject may come from a registry with the API (zot, Quay), and a weak answer proves nothing.
  if (!api.isWeak && capabilities.hasSubject(repository.key, subject.digest)) {
    capabilities.set(repository.key, 'unsupported');
  }
}

async function judgeTag(
  connections: Connections,
  repository: Repository,
  subject: Descriptor,
  api: Unsupported,
  tag: TagAnswer,
  options: AskOptions,
): Promise<HostList> {
  const empty: HostList = {
    repository,
    referrers: [],
    source: 'tag-schema',
    pages: 1,
    isFiltered: false,
    warnings: [],
  };
  if (tag.kind === 'index') return { ...empty, referrers: tag.index.manifests };
  if (tag.kind === 'aliases-subject') {
    return {
      ...empty,
      warnings: ['tag-aliases-subject: the registry resolves the referrers tag to the subject itself'],
    };
  }
  // "No such repository" outvotes whatever was seen there before: access may have been withdrawn since.
  if ([...api.errorCodes, ...tag.errorCodes].includes('NAME_UNKNOWN')) {
    connections.capabilities.deleteSubject(repository.key, subject.digest);
    if (!(await isSubjectKnown(connections, repository, subject, options))) throw unknownRepository(repository);
  } else if (api.isWeak || tag.isWeak || options.confirmSubject) {
    await assertSubject(connections, repository, subject, options, api.rule);
  }
  return empty;
}

/** An empty list counts only for a subject that is there: registries answer a mistyped repository like a missing tag. */
async function assertSubject(
  connections: Connections,
  repository: Repository,
  subject: Descriptor,
  options: AskOptions,
  apiRule: string,
): Promise<void> {
  if (await isSubjectKnown(connections, repository, subject, options)) return;
  throw new ReferrersError(
    'ERR_OCI_REFERRERS_UNCONFIRMED',
    `${repository.describe(`referrers of ${subject.digest}`)}: the referrers API is not there (${apiRule}), the referrers tag does not exist, and neither does the subject itself`,
    {
      subject: subject.digest,
      hint: 'check the repository and the digest; an empty list is only returned for a subject that is there',
    },
  );
}

function unknownRepository(repository: Repository): OciError {
  return new OciError(
    'ERR_OCI_NOT_FOUND',
    `repository ${repository.host.host}/${repository.name} does not exist, says the registry`,
    { hint: 'check the spelling of the repository, and that the credentials may see it' },
  );
}

function fromApi(repository: Repository, api: ApiList, added?: TagAddition): HostList {
  const referrers = [...api.referrers, ...(added?.referrers ?? [])];
  const warnings = [...api.warnings, ...(added?.warnings ?? [])];
  return { repository, referrers, source: 'api', pages: api.pages, isFiltered: api.isFiltered, warnings };
}

function unsupportedError(repository: Repository, subject: Descriptor): ReferrersError {
  return new ReferrersError(
    'ERR_OCI_REFERRERS_UNSUPPORTED',
    `${repository.host.host} has no referrers API for ${repository.name}, and fallbackHosts is false`,
    {
      subject: subject.digest,
      hint: 'allow the referrers tag schema (fallbackHosts: true), or use a registry with the API',
    },
  );
}

/** Makes the error for an API that was there before, and is denied now. */
export function inconsistent(repository: Repository, subject: Descriptor): ReferrersError {
  return new ReferrersError(
    'ERR_OCI_REFERRERS_INCONSISTENT',
    `${repository.host.host} has the referrers API for ${repository.name} in one answer and denies it in another`,
    {
      subject: subject.digest,
      hint: 'nodes of different versions may stand behind one address, or an upgrade is under way; try again when it is over',
    },
  );
}
