import {
  createResolver,
  type Descriptor,
  isOciError,
  type ListReferrersOptions,
  type RegistryHosts,
  type Resolver,
} from '@stellaops/oci-referrers';
import {
  buildArtifact,
  buildImage,
  startRegistry,
  type TestContent,
  type TestRegistry,
  type TestRegistryOptions,
} from '@stellaops/oci-referrers/testing';
import type { Outcome } from './row.js';

export const repository = 'team/app';
export const sbomType = 'application/spdx+json';
export const signatureType = 'application/vnd.example.signature.v1';
export const image: TestContent = buildImage();
export const sbom: TestContent = buildArtifact({
  artifactType: sbomType,
  subject: image.descriptor,
  content: 'an SBOM',
});
export const signature: TestContent = buildArtifact({
  artifactType: signatureType,
  subject: image.descriptor,
  content: 'a signature',
});

/** What a registry holds and how it misbehaves. */
export interface Holding {
  /** The image whose referrers are asked for; {@link image} by default. */
  readonly subject?: TestContent | undefined;
  /** False where the image itself is not in the repository; true by default. */
  readonly isSubjectThere?: boolean | undefined;
  /** What the referrers API lists; nothing by default. */
  readonly referrers?: readonly TestContent[] | undefined;
  /** What the referrers tag lists; there is no such tag by default. */
  readonly tagged?: readonly Descriptor[] | undefined;
  /** How it differs from a registry that does everything right. */
  readonly registry?: TestRegistryOptions | undefined;
}

/** What is asked, and of what. */
export interface Question extends Omit<Holding, 'registry'> {
  /** As in {@link Holding}; a function is given the origin of a second server, which serves {@link Question.elsewhere}. */
  readonly registry?: TestRegistryOptions | ((elsewhere: string) => TestRegistryOptions) | undefined;
  readonly elsewhere?: TestRegistryOptions | undefined;
  readonly options?: ListReferrersOptions | undefined;
  /** True where a first list has come before the one that counts; false by default. */
  readonly isSecondList?: boolean | undefined;
  readonly remark?: ((registry: TestRegistry) => string) | undefined;
}

/** Asks one registry for referrers; the caller calls what comes back. */
export function ask(question: Question = {}): () => Promise<Outcome> {
  const { registry: given = {}, elsewhere, options, isSecondList, remark, ...holding } = question;
  return async () => {
    await using second = await startRegistry(elsewhere);
    const registryOptions = typeof given === 'function' ? given(second.origin) : given;
    await using registry = await openRegistry({ ...holding, registry: registryOptions });
    await using resolver = openResolver();
    const subject = holding.subject ?? image;
    if (isSecondList === true) await look(resolver, registry, subject, options);
    registry.clearRequests();
    const outcome = await look(resolver, registry, subject, options);
    return {
      ...outcome,
      apiRequests: countApiRequests(registry),
      ...(remark === undefined ? {} : { remark: remark(registry) }),
    };
  };
}

/** Asks for referrers through several hosts; the first registry is the mirror, the second the registry itself. */
export function askHosts(
  mirrorHolds: Holding,
  registryHolds: Holding,
  hosts: (mirror: string, registry: string) => ReturnType<RegistryHosts>,
): () => Promise<Outcome> {
  return async () => {
    await using mirror = await openRegistry(mirrorHolds);
    await using registry = await openRegistry(registryHolds);
    await using resolver = openResolver(() => hosts(mirror.host, registry.host));
    const outcome = await look(resolver, registry, image);
    return { ...outcome, apiRequests: countApiRequests(mirror) + countApiRequests(registry) };
  };
}

async function openRegistry(holding: Holding): Promise<TestRegistry> {
  const { subject = image, isSubjectThere = true, referrers = [], tagged, registry } = holding;
  const opened = await startRegistry(registry);
  opened.store.repository(repository);
  for (const content of [...(isSubjectThere ? [subject] : []), ...referrers]) opened.store.add(repository, content);
  if (tagged !== undefined) opened.store.setReferrersTag(repository, subject.descriptor, tagged);
  return opened;
}

/** Everything is as by default, but for the pauses between retries. */
function openResolver(hosts?: RegistryHosts): Resolver {
  return createResolver({
    hosts,
    credentials: () => ({ anonymous: true }),
    retry: { baseDelayMs: 1, maxDelayMs: 1 },
  });
}

async function look(
  resolver: Resolver,
  { host }: TestRegistry,
  subject: TestContent,
  options?: ListReferrersOptions,
): Promise<Pick<Outcome, 'answer' | 'isWarned'>> {
  const fetcher = await resolver.fetcher(`${host}/${repository}@${subject.descriptor.digest}`);
  try {
    const { referrers, warnings } = await fetcher.listReferrers(subject.descriptor, options);
    return { answer: referrers.length, isWarned: warnings.length > 0 };
  } catch (error) {
    if (isOciError(error)) return { answer: error.code, isWarned: false };
    throw error;
  }
}

function countApiRequests({ requests }: TestRegistry): number {
  return requests.filter((request) => request.endpoint === 'referrers').length;
}
