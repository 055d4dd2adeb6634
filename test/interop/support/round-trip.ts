import { join } from 'node:path';
import {
  type Descriptor,
  exportBundle,
  ImportValidator,
  importBundle,
  type Pusher,
  type ReferrersGraph,
  type ValidationReport,
} from '@stellaops/oci-referrers';
import type { RegistryKind } from './registries.js';
import { discover, openSource, type Source } from './source.js';
import { repositoryName, tag } from './workspace.js';

/** An image that went from one real registry through a bundle into another. */
export interface RoundTrip extends Source {
  readonly bundle: string;
  readonly validation: ValidationReport;
  /** What was discovered at the source. */
  readonly before: ReferrersGraph;
  /** `HOST/REPOSITORY` where it all went. */
  readonly copy: string;
  /** What was discovered there. */
  readonly after: ReferrersGraph;
}

/** What a trip is made with. */
export interface RoundTripOptions {
  readonly from: RegistryKind;
  readonly to: RegistryKind;
  /** Name of the bundle file; its ending decides how it is compressed. */
  readonly fileName: string;
  /** Pushes the image; one with a single platform by default. */
  readonly push?: ((pusher: Pusher, tag: string) => Promise<Descriptor>) | undefined;
  /** Does something at the target before anything is imported; told `HOST/REPOSITORY` and the source. */
  readonly prepare?: ((copy: string, source: Source) => Promise<unknown>) | undefined;
}

/** Pushes an image with its evidence, discovers, exports, validates, imports, and discovers at the target. */
export async function makeRoundTrip({ from, to, fileName, push, prepare }: RoundTripOptions): Promise<RoundTrip> {
  const source = await openSource(from, push);
  try {
    const registry = await to.start();
    source.onClose(() => registry.stop());
    const { resolver, repository } = source;
    const copy = `${registry.host}/${repositoryName}`;
    await prepare?.(copy, source);
    const bundle = join(source.directory, fileName);
    const before = await discover(resolver, repository);
    await exportBundle(resolver, [`${repository}:${tag}`], { output: bundle });
    const validation = await new ImportValidator().validate(bundle);
    await importBundle(bundle, { resolver, to: registry.host });
    return { ...source, bundle, validation, before, copy, after: await discover(resolver, copy) };
  } catch (error) {
    await source.close();
    throw error;
  }
}
