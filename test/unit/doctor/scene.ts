import {
  type DoctorCheckId,
  type DoctorOptions,
  type DoctorReport,
  type DoctorResult,
  runDoctor,
} from '@stellaops/oci-referrers';
import {
  buildImage,
  startRegistry,
  type TestContent,
  type TestRegistry,
  type TestRegistryOptions,
} from '@stellaops/oci-referrers/testing';

/** The one user of a registry that asks who is there. */
export const user = { username: 'user', password: 'pass:word' };

/** A registry with the test image of the doctor's default, and the doctor. */
export interface Ward extends AsyncDisposable {
  readonly registry: TestRegistry;
  readonly image: TestContent;
  run(options?: Partial<DoctorOptions>): Promise<DoctorReport>;
  /** Runs one check. */
  check(name: string, options?: Partial<DoctorOptions>): Promise<DoctorResult>;
}

/** Nobody who runs the tests is logged in, nothing is tried twice, and what is dead is dead soon. */
const patient: Partial<DoctorOptions> = { retry: 0, timeouts: { connectMs: 2_000, requestMs: 2_000 } };

/** Runs one check at a registry that is where `registryUrl` says. */
export async function checkAt(
  registryUrl: string,
  name: string,
  options: Partial<DoctorOptions> = {},
): Promise<DoctorResult> {
  const checks: DoctorCheckId[] = [`check.integration.oci.${name}` as DoctorCheckId];
  const { results } = await runDoctor({ registryUrl, checks, ...patient, ...whoever(options), ...options });
  const [result] = results;
  if (result === undefined) throw new Error('no result');
  return result;
}

export async function openWard(options: TestRegistryOptions = {}): Promise<Ward> {
  const registry = await startRegistry(options);
  const image = buildImage();
  registry.store.add('library/alpine', image, { tag: 'latest' });
  return {
    registry,
    image,
    run: async (more = {}) => await runDoctor({ registryUrl: registry.origin, ...patient, ...whoever(more), ...more }),
    check: async (name, more = {}) => await checkAt(registry.origin, name, more),
    [Symbol.asyncDispose]: () => registry.close(),
  };
}

function whoever({ username, password, token }: Partial<DoctorOptions>): Partial<DoctorOptions> {
  const isSomebody = username !== undefined || password !== undefined || token !== undefined;
  return isSomebody ? {} : { credentials: () => ({ anonymous: true }) };
}
