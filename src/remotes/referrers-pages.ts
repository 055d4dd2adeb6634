import type { StoppableOptions } from '../content/abort.js';
import type { Limits } from '../content/limits.js';
import { LimitError, ProtocolError } from '../errors/index.js';
import { nextLink } from '../http/link-header.js';
import type { BufferedResponse } from '../http/types.js';
import type { Descriptor } from '../oci/descriptor.js';
import type { AttemptLog } from './attempt-log.js';
import type { CapabilityCache } from './capability-cache.js';
import { judgeReferrersAnswer, type ReferrersVerdict } from './referrers-answer.js';
import type { Repository } from './repository.js';

/** A list read from the referrers endpoint to its last page. */
export interface ApiList {
  readonly kind: 'list';
  readonly referrers: readonly Descriptor[];
  readonly pages: number;
  /** True when the server says that it filtered. */
  readonly isFiltered: boolean;
  readonly warnings: readonly string[];
}

const listsItself = 'the registry lists the subject as its own referrer; ignored';

type Unsupported = Extract<ReferrersVerdict, { kind: 'unsupported' }>;

/** What reading the endpoint needs to know. */
export interface ReadPagesOptions extends StoppableOptions {
  /** The one type that is sent to the server; none when absent. */
  readonly artifactType: string | undefined;
  readonly fallbackOn: readonly number[];
  readonly limits: Limits;
  readonly attempts: AttemptLog;
  readonly capabilities: CapabilityCache;
}

/**
 * Reads every page of the referrers endpoint, or finds that there is no such endpoint.
 *
 * A fault on any page is an error: what was read before it is not a list.
 */
export async function readReferrersPages(
  repository: Repository,
  subject: string,
  options: ReadPagesOptions,
): Promise<ApiList | Unsupported> {
  const { limits } = options;
  const referrers: Descriptor[] = [];
  const digests = new Set([subject]);
  const warnings = new Set<string>();
  const seen = new Set<string>();
  let bytes = 0;
  let isFiltered = false;
  let url: URL | undefined = repository.referrersUrl(subject, options.artifactType);
  for (let page = 1; url !== undefined; page++) {
    if (page > limits.maxPages) throw overLimit('maxPages', limits.maxPages, repository, subject);
    seen.add(url.href);
    const { answer, verdict } = await readReferrersPage(repository, url, page, subject, options);
    if (verdict.kind === 'unsupported') return verdict;

    // One page shows that the API is there, also when a later one is lost.
    options.capabilities.set(repository.key, 'supported');
    bytes += answer.bytes.length;
    if (bytes > limits.maxListBytes) throw overLimit('maxListBytes', limits.maxListBytes, repository, subject);
    if (verdict.warning !== undefined) warnings.add(verdict.warning);
    isFiltered ||= saysFiltered(answer);
    for (const descriptor of verdict.index.manifests) {
      const { size } = digests.add(descriptor.digest);
      if (size > referrers.length + 1) referrers.push(descriptor);
      else if (descriptor.digest === subject) warnings.add(listsItself);
    }
    if (referrers.length > limits.maxReferrers)
      throw overLimit('maxReferrers', limits.maxReferrers, repository, subject);
    url = followingPage(answer, url, seen, repository);
  }
  return { kind: 'list', referrers, pages: seen.size, isFiltered, warnings: [...warnings] };
}

/** Reads one page, and judges it. */
export async function readReferrersPage(
  repository: Repository,
  url: URL,
  page: number,
  subject: string,
  options: Pick<ReadPagesOptions, 'attempts' | 'fallbackOn' | 'limits' | 'signal'>,
): Promise<{ answer: BufferedResponse; verdict: Extract<ReferrersVerdict, { kind: 'list' }> | Unsupported }> {
  const { attempts, limits, signal } = options;
  const what = repository.describe(`page ${page} of the referrers of ${subject}`);
  return await attempts.record(repository.host.host, 'referrers', async (note) => {
    const bound = { limitName: 'maxManifestBytes', limit: limits.maxManifestBytes };
    const answer = await repository.referrersPage(url, bound, { signal });
    note({ status: answer.status });
    const verdict = judgeReferrersAnswer(answer, what, options.fallbackOn);
    note({ rule: verdict.rule });
    if (verdict.kind === 'error') throw verdict.error;
    if (verdict.kind === 'unsupported' && page > 1) throw lostPage(answer, what);
    return { answer, verdict };
  });
}

/** Takes the next page only from the same origin and the same list; anything else is a trap or a fault. */
function followingPage(
  answer: BufferedResponse,
  asked: URL,
  seen: ReadonlySet<string>,
  repository: Repository,
): URL | undefined {
  // After a redirect elsewhere, a relative link still means this registry's list.
  const link = nextLink(answer.headers, answer.leftOrigin ? asked : answer.url);
  if (link === undefined) return undefined;
  const refuse = (reason: string): never => {
    throw new ProtocolError(
      'ERR_OCI_BAD_LINK',
      `${repository.describe('the next page of a referrers list')} ${reason}`,
      {
        hint: 'report this to the operator of the registry; the list cannot be read completely',
      },
    );
  };
  if (link.origin !== asked.origin) refuse(`is at another origin, ${link.origin}`);
  if (decodedPath(link) !== decodedPath(asked)) refuse(`is at another path, ${link.pathname}`);
  const next = repository.withNamespace(link);
  if (seen.has(next.href)) refuse('is a page that was read already');
  return next;
}

/** Some registries escape the colon of a digest, others do not; a path that is no escaped text stays as it is. */
function decodedPath({ pathname }: URL): string {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return pathname;
  }
}

function saysFiltered(answer: BufferedResponse): boolean {
  const applied = answer.headers.get('oci-filters-applied') ?? '';
  return applied.split(',').some((filter) => filter.trim().toLowerCase() === 'artifacttype');
}

function lostPage(answer: BufferedResponse, what: string): ProtocolError {
  return new ProtocolError('ERR_OCI_BAD_SCHEMA', `${what} is no list any more: status ${answer.status}`, {
    hint: 'the list changed or the registry is mixed behind a load balancer; try again',
  });
}

function overLimit(limitName: keyof Limits, limit: number, repository: Repository, subject: string): LimitError {
  return new LimitError(
    `${repository.describe(`the list of referrers of ${subject}`)} reaches ${limitName} (${limit})`,
    {
      limitName,
      limit,
      hint: `raise limits.${limitName} if a list of this size is expected`,
    },
  );
}
