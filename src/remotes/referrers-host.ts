import { OciError, ReferrersError } from '../errors/index.js';
import type { Descriptor } from '../oci/descriptor.js';
import type { AttemptLog } from './attempt-log.js';
import type { Connections } from './connections.js';
import type { ReferrersVerdict } from './referrers-answer.js';
import { type ApiList, readReferrersPages } from './referrers-pages.js';
import type { Repository } from './repository.js';
import { isSubjectKnown } from './subject.js';
import { readReferrersTag, type TagAnswer } from './tag-schema.js';

/** The list one host gave. */
export interface HostList {
  readonly repository: Repository;
  readonly referrers: readonly Descriptor[];
  readonly source: 'api' | 'tag-schema';
  readonly pages: number;
  readonly isFiltered: boolean;
  readonly warnings: readonly string[];
}

interface AskOptions {
  readonly artifactType: string | undefined;
  readonly confirmSubject: boolean;
  readonly signal: AbortSignal;
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
  if (api.kind === 'list') return fromApi(repository, api);
  if (!connections.options.fallbackHosts) throw unsupportedError(repository, subject);
  const tag = await readReferrersTag(repository, subject, { ...options, limits: connections.options.limits });
  return await judgeTag(connections, repository, subject, api, tag, options);
}

/** Asks the API, unless a confirmed answer says it is not there; a host that had it before is asked twice. */
async function askApi(
  connections: Connections,
  repository: Repository,
  subject: Descriptor,
  options: AskOptions,
): Promise<ApiList | Unsupported> {
  const { capabilities } = connections;
  const known = capabilities.get(repository.key);
  if (known === 'unsupported') return { kind: 'unsupported', rule: 'remembered', isWeak: true, errorCodes: [] };
  const read = (): Promise<ApiList | Unsupported> =>
    readReferrersPages(repository, subject.digest, { ...connections.options, ...options });
  let answer = await read();
  if (answer.kind === 'unsupported' && known === 'supported') {
    answer = await read();
    if (answer.kind === 'unsupported') throw inconsistent(repository, subject);
  }
  if (answer.kind === 'list') capabilities.set(repository.key, 'supported');
  // A 404 for an unknown subject may be a registry with the API (zot, Quay): only a known one proves it missing.
  else if (capabilities.hasSubject(repository.key, subject.digest)) capabilities.set(repository.key, 'unsupported');
  return answer;
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
  if (tag.kind === 'index') {
    const unique = new Map(tag.index.manifests.map((descriptor) => [descriptor.digest, descriptor]));
    return { ...empty, referrers: [...unique.values()] };
  }
  if (tag.kind === 'aliases-subject') {
    return {
      ...empty,
      warnings: ['tag-aliases-subject: the registry resolves the referrers tag to the subject itself'],
    };
  }
  if (api.isWeak || tag.isWeak || options.confirmSubject) {
    await assertSubject(
      connections,
      repository,
      subject,
      options,
      `the referrers API is not there (${api.rule}) and the referrers tag does not exist`,
    );
    return empty;
  }
  assertRepositoryKnown(connections, repository, subject, api, tag.errorCodes);
  return empty;
}

/** An empty list counts only for a subject that is there: registries answer a mistyped repository like a missing tag. */
async function assertSubject(
  connections: Connections,
  repository: Repository,
  subject: Descriptor,
  options: AskOptions,
  because: string,
): Promise<void> {
  if (await isSubjectKnown(connections, repository, subject, options)) return;
  throw new ReferrersError(
    'ERR_OCI_REFERRERS_UNCONFIRMED',
    `${repository.describe(`referrers of ${subject.digest}`)}: ${because}, and the subject itself is not in this repository`,
    {
      subject: subject.digest,
      hint: 'check the repository and the digest; an empty list is only returned for a subject that is there',
    },
  );
}

function assertRepositoryKnown(
  connections: Connections,
  repository: Repository,
  subject: Descriptor,
  api: Unsupported,
  tagCodes: readonly string[],
): void {
  const unknown = api.errorCodes.includes('NAME_UNKNOWN') || tagCodes.includes('NAME_UNKNOWN');
  const contradicted =
    connections.capabilities.hasSubject(repository.key, subject.digest) ||
    [...api.errorCodes, ...tagCodes].includes('MANIFEST_UNKNOWN');
  if (!unknown || contradicted) return;
  throw new OciError(
    'ERR_OCI_NOT_FOUND',
    `repository ${repository.host.host}/${repository.name} does not exist, says the registry`,
    {
      hint: 'check the spelling of the repository, and that the credentials may see it',
    },
  );
}

function fromApi(repository: Repository, api: ApiList): HostList {
  const { referrers, pages, isFiltered, warnings } = api;
  return { repository, referrers, source: 'api', pages, isFiltered, warnings };
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

function inconsistent(repository: Repository, subject: Descriptor): ReferrersError {
  return new ReferrersError(
    'ERR_OCI_REFERRERS_INCONSISTENT',
    `${repository.host.host} had the referrers API for ${repository.name} before and denies it now, twice`,
    {
      subject: subject.digest,
      hint: 'nodes of different versions may stand behind one address, or an upgrade is under way; try again when it is over',
    },
  );
}
