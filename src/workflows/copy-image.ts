import { Readable } from 'node:stream';
import { z } from 'zod';
import { requirements, signal as signalSchema } from '../bundle/option-schemas.js';
import { planContent } from '../bundle/plan-content.js';
import type { RequiredReferrer } from '../bundle/record.js';
import { assertRequired } from '../bundle/required-referrers.js';
import { checkOptions } from '../content/check-options.js';
import type { ReferrersSource } from '../content/sources.js';
import type { Descriptor } from '../oci/descriptor.js';
import type { WalkOptions } from '../referrers/graph.js';
import { walkClosure } from '../referrers/walk-closure.js';
import { walkShape } from '../referrers/walk-options.js';
import { recordTransfer } from '../telemetry/metrics.js';
import { type AddAttributes, inSpan, type SpanAttributes } from '../telemetry/spans.js';
import { MountPlaces } from '../transfer/mount-places.js';
import { checkBeforePush } from '../transfer/preflight.js';
import { absentFrom, pushGraph } from '../transfer/push-graph.js';
import type { TransferItem, TransferOptions, TransferReport } from '../transfer/transfer.js';
import { type ImageLocation, type OpenSource, type OpenTarget, openSource, openTarget } from './copy-places.js';

/** Options of {@link copyImage}; those of the walk decide what goes along. */
export interface CopyOptions extends WalkOptions, TransferOptions {
  /** Referrers the image must have, on itself or on a manifest below its index; none by default. */
  readonly requireReferrers?: readonly RequiredReferrer[] | undefined;
  /** Also reads the referrers tags of registries with the API, and unites both; true by default. */
  readonly includeTagSchema?: boolean | undefined;
  /** Discovers and looks at the target, and pushes nothing; false by default. */
  readonly dryRun?: boolean | undefined;
  /** Requests under way at once, to the source and then to the target; 4 by default, 1 to 64. */
  readonly concurrency?: number | undefined;
}

/** What a copy did. */
export interface CopyReport extends TransferReport {
  /** What was copied. */
  readonly source: string;
  /** True when nothing was pushed; then nothing was listed at the target either, and `subjects` is empty. */
  readonly dryRun: boolean;
  /** False when some referrers could not be confirmed, with `onDiscoveryError: 'warn'`. */
  readonly complete: boolean;
  /** Referrers carried along, each digest once. */
  readonly referrers: number;
  /** Manifests carried along, referrers included. */
  readonly manifests: number;
  /** Blobs carried along. */
  readonly blobs: number;
  /** Layers whose licence keeps them where they are. */
  readonly nondistributable: readonly string[];
  /** What a person should know. */
  readonly warnings: readonly string[];
}

const isFunction = z.custom((value) => typeof value === 'function', 'must be a function').optional();
const schema = z.strictObject({
  ...walkShape,
  requireReferrers: requirements,
  keepTags: z.boolean().optional(),
  dryRun: z.boolean().optional(),
  concurrency: z.number().int().min(1).max(64).optional(),
  onProgress: isFunction,
  signal: signalSchema,
});
const objects = z.custom((value) => typeof value === 'object' && value !== null, 'must be a resolver');
const location: z.ZodType = z.union([
  z.strictObject({ resolver: objects, reference: z.string().min(1) }),
  z.strictObject({ layout: z.string().min(1), name: z.string().optional() }),
]);

/**
 * Copies an image with everything that refers to it, from a registry or image layout to a registry or image layout.
 *
 * @remarks Digests never change. The target is looked at before anything is pushed: tags that would move, lists it could
 * not keep. Then go blobs, manifests, referrers and, last, the tag; what is there already is skipped, and what another
 * repository of the same registry has is taken over. In the end every subject is listed at the target and compared.
 * Running it again resumes.
 * @param source - the image
 * @param target - where it goes
 * @throws every code of discovery, `ERR_OCI_REQUIRED_MISSING`, `ERR_OCI_TRANSFER_REFUSED` before anything is pushed,
 * `ERR_OCI_TRANSFER_UNVERIFIED` when the target does not list what was pushed
 * @example
 * ```ts
 * import { copyImage, createResolver } from '@stellaops/oci-referrers';
 *
 * await using resolver = createResolver();
 * const source = { resolver, reference: 'registry.example.com/team/app:1.2' };
 * const { referrers } = await copyImage(source, { layout: 'mirror', name: '1.2' });
 * console.log(`${referrers} referrers went along`);
 * ```
 */
export async function copyImage(
  source: ImageLocation,
  target: ImageLocation,
  options: CopyOptions = {},
): Promise<CopyReport> {
  checkOptions(schema, options);
  checkOptions(location, source, 'source');
  checkOptions(location, target, 'target');
  return await inSpan('oci_referrers.copy', {}, async (addAttributes) => {
    const report = await copy(source, target, options, addAttributes);
    const { uploadedBytes: bytes, uploaded: blobs, referrers } = report;
    if (!report.dryRun) recordTransfer({ operation: 'copy', bytes, blobs });
    addAttributes({ 'oci_referrers.count': referrers, 'oci_referrers.bytes': bytes });
    return report;
  });
}

async function copy(
  source: ImageLocation,
  target: ImageLocation,
  options: CopyOptions,
  addAttributes: AddAttributes,
): Promise<CopyReport> {
  const { requireReferrers = [], keepTags, dryRun = false, onProgress, ...walk } = options;
  const from = await openSource(source, options);
  addAttributes(sourceAttributes(from));
  const graph = await walkClosure(from.source, from.descriptor, { includeTagSchema: true, ...walk });
  const image = { reference: from.name, repository: from.repository ?? from.name, source: from.source, graph };
  assertRequired([image], requireReferrers);
  const { external, blobs } = planContent([image]);
  const nondistributable = external.map(({ digest }) => digest);
  const to = await openTarget(target, from, options);
  const item: TransferItem = {
    graph,
    target: to.name,
    tag: to.tag,
    openBlob: sourceBlobs(from.source, options.signal),
    elsewhere: [],
    skipped: new Set(nondistributable),
    mounts: mountsFor(from, to, blobs.keys()),
  };
  const transferOptions = { concurrency: options.concurrency, keepTags, onProgress, signal: options.signal };
  const movedTags = await checkBeforePush(to.target, item, transferOptions);
  const report = dryRun
    ? { ...nothingDone(item), movedTags, previousDigest: movedTags.find(({ tag }) => tag === to.tag)?.previousDigest }
    : await pushGraph(to.target, item, movedTags, transferOptions);
  const complete = graph.subjects.every((subject) => subject.complete);
  const referrers = new Set(graph.subjects.flatMap((list) => list.referrers.map(({ digest }) => digest))).size;
  const counts = { referrers, manifests: graph.nodes.size, blobs: blobs.size };
  return { source: from.name, dryRun, ...report, complete, ...counts, nondistributable, warnings: graph.warnings };
}

function sourceAttributes({ registry, repository, descriptor }: OpenSource): SpanAttributes {
  return {
    ...(registry === undefined ? {} : { 'oci.registry': registry }),
    ...(repository === undefined ? {} : { 'oci.repository': repository }),
    'oci.manifest.digest': descriptor.digest,
  };
}

/** Opens blobs where they are, as often as an upload needs them. */
function sourceBlobs(source: ReferrersSource, signal: AbortSignal | undefined): (blob: Descriptor) => () => Readable {
  return (blob) => () =>
    Readable.from(
      (async function* read(): AsyncGenerator<Buffer> {
        const body = await source.fetch(blob, { signal });
        for await (const chunk of body as AsyncIterable<Buffer>) yield chunk;
      })(),
      { objectMode: false },
    );
}

function mountsFor(from: OpenSource, to: OpenTarget, blobs: Iterable<string>): TransferItem['mounts'] {
  if (to.registry === undefined || to.repository === undefined) return undefined;
  const places = new MountPlaces();
  const isHere = from.isRegistry && from.registry === to.registry && from.repository !== undefined;
  if (isHere) for (const digest of blobs) places.add(to.registry, from.repository ?? '', digest);
  return places.at(to.registry, to.repository);
}

function nothingDone({ graph, target }: TransferItem): Omit<TransferReport, 'movedTags'> {
  const digest = graph.root.digest;
  return {
    target,
    digest,
    uploaded: 0,
    mounted: 0,
    skipped: 0,
    uploadedBytes: 0,
    absent: absentFrom(graph),
    subjects: [],
  };
}
