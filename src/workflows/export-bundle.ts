import type { Writable } from 'node:stream';
import { readBase } from '../bundle/bundle-base.js';
import { type BundleReport, type BundleWriteOptions, BundleWriter } from '../bundle/bundle-writer.js';
import { type BundleWriterOptions, checkWriterOptions } from '../bundle/bundle-writer-options.js';
import type { BundlePlan } from '../bundle/plan.js';
import type { BundleBase } from '../bundle/record.js';
import type { AbortableOptions } from '../content/abort.js';
import { ArgumentError } from '../errors/index.js';
import { formatReference, parseReference } from '../oci/reference.js';
import type { Resolver } from '../remotes/types.js';
import { inSpan, type SpanAttributes } from '../telemetry/spans.js';
import { probeRegistries } from './probe-registries.js';

/** Options of {@link planExport}. */
export interface PlanOptions extends Omit<BundleWriterOptions, 'base'>, AbortableOptions {
  /**
   * The earlier bundle this one builds on: blobs that it has are left out. A path is that of its file, which is validated
   * first, byte by byte; a record is believed.
   */
  readonly base?: string | BundleBase | undefined;
}

/** Options of {@link exportBundle}. */
export interface ExportOptions extends PlanOptions, BundleWriteOptions {
  /** Path of the bundle, `.tgz`, `.tar.gz` or `.tar`, or a stream to write it to. */
  readonly output: string | Writable;
}

/**
 * Exports images with everything that refers to them into one bundle.
 *
 * @remarks The file appears under its name only when it is complete; a fault or an abort leaves nothing behind. The same
 * content gives the same bytes.
 * @param resolver - reaches the registries; stays open
 * @param references - images to export; at least one
 * @param options - output, filters, requirements
 * @returns what was written
 * @throws every code of discovery, `ERR_OCI_REQUIRED_MISSING`, `ERR_OCI_BUNDLE_OUTPUT`; `ERR_OCI_BUNDLE_INVALID` when the
 * base is not valid
 * @example
 * ```ts
 * import { createResolver, exportBundle } from '@stellaops/oci-referrers';
 *
 * await using resolver = createResolver();
 * const report = await exportBundle(resolver, ['registry.example.com/team/app:1.2'], { output: 'bundle.tgz' });
 * console.log(report.bundleId, report.counts.referrers);
 * ```
 */
export async function exportBundle(
  resolver: Resolver,
  references: readonly string[],
  options: ExportOptions,
): Promise<BundleReport> {
  const { output, force, workDirectory, partBytes, signal, ...writerOptions } = options;
  return await inSpan('oci_referrers.export', { 'oci_referrers.images': references.length }, async (addAttributes) => {
    const writer = await collect(resolver, references, writerOptions, signal);
    const report = await writer.write(output, { force, workDirectory, partBytes, signal });
    addAttributes({ ...planAttributes(report), 'oci_referrers.bytes': report.bytes });
    return report;
  });
}

/**
 * Plans an export without writing anything: what would be in the bundle, and how large it would be.
 *
 * @param resolver - reaches the registries; stays open
 * @param references - images to export; at least one
 * @param options - the options of {@link exportBundle}, without output
 */
export async function planExport(
  resolver: Resolver,
  references: readonly string[],
  options: PlanOptions = {},
): Promise<BundlePlan> {
  const { signal, ...writerOptions } = options;
  return await inSpan('oci_referrers.plan', { 'oci_referrers.images': references.length }, async (addAttributes) => {
    const writer = await collect(resolver, references, writerOptions, signal);
    const plan = await writer.plan({ signal });
    addAttributes(planAttributes(plan));
    return plan;
  });
}

function planAttributes({
  bundleId,
  complete,
  counts,
}: Pick<BundlePlan, 'bundleId' | 'complete' | 'counts'>): SpanAttributes {
  return {
    'oci_referrers.bundle_id': bundleId,
    'oci_referrers.complete': complete,
    'oci_referrers.count': counts.referrers,
  };
}

async function collect(
  resolver: Resolver,
  references: readonly string[],
  { base, ...options }: Omit<PlanOptions, 'signal'>,
  signal: AbortSignal | undefined,
): Promise<BundleWriter> {
  // What is wrong with the call itself is said before any registry is asked, or a base read that may be large.
  if (typeof base === 'string') checkWriterOptions(options);
  const checked = typeof base === 'string' ? undefined : new BundleWriter({ ...options, base });
  if (references.length === 0) {
    throw new ArgumentError('ERR_OCI_INVALID_OPTION', 'no reference to export was given', { argument: 'references' });
  }
  await probeRegistries(resolver, references, signal);
  const writer = checked ?? new BundleWriter({ ...options, base: await readKnown(base, signal) });
  for (const reference of references) {
    const { descriptor } = await resolver.resolve(reference, { signal });
    const source = await resolver.fetcher(reference, { signal });
    writer.add({ source, reference: formatReference(parseReference(reference)), descriptor });
  }
  return writer;
}

async function readKnown(
  base: string | BundleBase | undefined,
  signal: AbortSignal | undefined,
): Promise<BundleBase | undefined> {
  return typeof base === 'string' ? await readBase(base, { signal }) : base;
}
