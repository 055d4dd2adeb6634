import type { CallScope } from '../content/call-scope.js';
import type { FetcherByDigest, ListReferrersOptions, ReferrersList } from '../content/sources.js';
import { ArgumentError, isOciError, type OciError, ReferrersError } from '../errors/index.js';
import { assertDescriptor, type Descriptor } from '../oci/descriptor.js';
import type { Reference } from '../oci/reference.js';
import { AttemptLog } from './attempt-log.js';
import type { Connections } from './connections.js';
import { hostsWith, type RegistryHost } from './hosts.js';
import { findLegacyTags } from './legacy-tags.js';
import { observeDiscovery } from './observe-discovery.js';
import { describeByManifests, keepWanted } from './referrer-types.js';
import { type AskOptions, askRepository, type HostList } from './referrers-host.js';
import type { Repository } from './repository.js';
import { withinDiscovery } from './within-discovery.js';

/** What listing needs from the fetcher it belongs to. */
export interface ListContext {
  readonly connections: Connections;
  readonly reference: Reference;
  readonly repositories: readonly Repository[];
  /** Reads manifests by digest, for their types. */
  readonly byDigest: FetcherByDigest;
}

/** Lists what refers to a subject: asks the hosts, takes types where they are reliable, filters. */
export async function listReferrers(
  context: ListContext,
  subject: Descriptor,
  options: ListReferrersOptions,
): Promise<ReferrersList> {
  assertDescriptor(subject, 'subject');
  assertTypes(options.artifactTypes);
  const { reference, connections } = context;
  const { timeouts, logger } = connections.options;
  const { digest } = subject;
  const { signal: caller } = options;
  return await observeDiscovery({ reference, digest, signal: caller, logger }, async () => {
    const attempts = new AttemptLog();
    const where = `${reference.registry}/${reference.repository}`;
    const question = { unanswered: `the referrers of ${digest} were not listed`, where, signal: caller };
    try {
      return await withinDiscovery(timeouts, question, (scope) => list(context, subject, options, scope, attempts));
    } catch (error) {
      throw isOciError(error) && error !== caller?.reason ? error.withAttempts(attempts.attempts) : error;
    }
  });
}

async function list(
  context: ListContext,
  subject: Descriptor,
  options: ListReferrersOptions,
  scope: CallScope,
  attempts: AttemptLog,
): Promise<ReferrersList> {
  const { options: settings } = context.connections;
  const wanted = options.artifactTypes ?? [];
  const includeTagSchema = options.includeTagSchema ?? false;
  // Types that come from somewhere else than the API's list cannot be filtered by it.
  const takesListedTypes = options.resolveTypes !== true && !includeTagSchema;
  const mayFilter = (options.serverFilter ?? settings.serverFilter) && wanted.length === 1 && takesListedTypes;
  const ask = async (artifactType: string | undefined): Promise<HostList> => {
    const { confirmSubject = false } = options;
    const asking = { artifactType, confirmSubject, includeTagSchema, signal: scope, attempts };
    return await askHosts(context, subject, asking);
  };
  const filtered = await ask(mayFilter ? wanted[0] : undefined);
  // A server may filter by the wrong field (Quay, Harbor 2.8): that it finds nothing is no fact before it was asked for all.
  const mayHideAll = mayFilter && filtered.source === 'api' && (filtered.isFiltered || filtered.referrers.length === 0);
  const findsNone = !filtered.referrers.some(({ artifactType }) => artifactType === wanted[0]);
  const answer = mayHideAll && findsNone ? await ask(undefined) : filtered;
  const kept = await keep(context, subject, answer.referrers, options, scope);
  const tagged =
    (options.legacyTags ?? settings.legacyTags)
      ? await findLegacyTags(answer.repository, subject, { limits: settings.limits, signal: scope.signal, attempts })
      : [];
  // They have no artifact type at all, so no filter can want them.
  const legacy = wanted.length === 0 ? tagged : [];
  const warnings =
    tagged.length > legacy.length ? [`${tagged.length} artifacts under older tags were left out by the filter`] : [];
  return {
    subject,
    referrers: kept,
    source: answer.source,
    legacy,
    filterAppliedBy: wanted.length === 0 ? 'none' : answer.isFiltered ? 'server' : 'client',
    pages: answer.pages,
    host: answer.repository.host.host,
    attempts: attempts.attempts,
    warnings: [...answer.warnings, ...warnings],
  };
}

async function keep(
  { connections, byDigest }: ListContext,
  subject: Descriptor,
  listed: readonly Descriptor[],
  { artifactTypes = [], resolveTypes }: ListReferrersOptions,
  scope: CallScope,
): Promise<readonly Descriptor[]> {
  if (resolveTypes !== true && artifactTypes.length === 0) return listed;
  const { maxManifestBytes } = connections.options.limits;
  const context = { subject, byDigest, maxManifestBytes, signal: scope.signal };
  const described = resolveTypes === true ? await describeByManifests(context, listed) : listed;
  if (artifactTypes.length === 0) return described;
  return await keepWanted(context, described, artifactTypes);
}

/** Asks hosts in order until one that may speak alone has answered; what mirrors add before is united with it. */
async function askHosts(context: ListContext, subject: Descriptor, options: AskOptions): Promise<HostList> {
  const { registry } = context.reference;
  const hosts = context.repositories.map((repository) => repository.host);
  const eligible = new Set(hostsWith(hosts, 'referrers', registry, subject.digest));
  const repositories = context.repositories.filter((repository) => eligible.has(repository.host));
  const answers: HostList[] = [];
  let failure: unknown;
  for (const repository of repositories) {
    try {
      const answer = await askRepository(context.connections, repository, subject, options);
      answers.push(answer);
      if (repository.isAuthoritative) return unite(answers);
    } catch (error) {
      options.signal.throwIfOver();
      if (repository.isAuthoritative) throw withUnasked(error, context.repositories, eligible);
      failure ??= error;
    }
  }
  throw unconfirmedByMirrors(subject, registry, failure);
}

/** Who looks at a registry that cannot be reached may have a mirror in mind that may not be asked. */
function withUnasked(
  error: unknown,
  repositories: readonly Repository[],
  eligible: ReadonlySet<RegistryHost>,
): unknown {
  const unasked = repositories.flatMap(({ host }) => (eligible.has(host) ? [] : [host.host]));
  if (unasked.length === 0 || !isOciError(error)) return error;
  const names = unasked.join(', ');
  const remedy = `give ${names} the capability referrers, and authoritative = true where there is no registry behind it (docs/mirrors.md)`;
  const hint = error.hint === undefined ? remedy : `${error.hint}; or ${remedy}`;
  return error.withWords(`${names} was not asked, as its capabilities lack referrers`, hint);
}

function unite(answers: readonly HostList[]): HostList {
  const last = answers.at(-1);
  if (last === undefined) throw new TypeError('no answer to unite');
  // The API's list has been rid of what is in it twice as its pages were read.
  if (answers.length === 1 && last.source === 'api') return last;
  const referrers = new Map(last.referrers.map((descriptor) => [descriptor.digest, descriptor]));
  const warnings = new Set(answers.flatMap((answer) => answer.warnings));
  for (const answer of answers.slice(0, -1)) {
    const extra = answer.referrers.filter((descriptor) => !referrers.has(descriptor.digest));
    for (const descriptor of extra) referrers.set(descriptor.digest, descriptor);
    const lacking = last.referrers.length - (answer.referrers.length - extra.length);
    if (extra.length > 0 || lacking > 0) {
      warnings.add(
        `mirror ${answer.repository.host.host} has ${extra.length} referrers the registry has not, and lacks ${lacking}`,
      );
    }
  }
  return { ...last, referrers: [...referrers.values()], warnings: [...warnings] };
}

function unconfirmedByMirrors(subject: Descriptor, registry: string, cause: unknown): OciError {
  return new ReferrersError(
    'ERR_OCI_REFERRERS_UNCONFIRMED',
    `no host that may speak for ${registry} alone listed the referrers of ${subject.digest}`,
    {
      subject: subject.digest,
      cause,
      hint: 'add the registry itself to the hosts, or mark an air-gapped mirror with authoritative: true (authoritative = true in hosts.toml)',
    },
  );
}

function assertTypes(artifactTypes: readonly string[] | undefined): void {
  if (artifactTypes === undefined || artifactTypes.every((type) => typeof type === 'string' && type !== '')) return;
  throw new ArgumentError('ERR_OCI_INVALID_OPTION', 'artifactTypes has an empty artifact type', {
    argument: 'artifactTypes',
    hint: 'leave the filter out to list every referrer',
  });
}
