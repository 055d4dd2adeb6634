import { basename } from 'node:path';
import type { Writable } from 'node:stream';
import { z } from 'zod';
import type { AbortableOptions } from '../content/abort.js';
import { checkOptions } from '../content/check-options.js';
import type { ReferrersSource } from '../content/sources.js';
import { ArgumentError } from '../errors/index.js';
import { assertDescriptor, type Descriptor } from '../oci/descriptor.js';
import { formatReference, parseReference } from '../oci/reference.js';
import { walkClosure } from '../referrers/walk-closure.js';
import { recordTransfer } from '../telemetry/metrics.js';
import { writeArchive } from './archive-writer.js';
import { type BundleWriterOptions, checkWriterOptions, type WriterCompression } from './bundle-writer-options.js';
import { compareText } from './canonical-json.js';
import { signaturePath } from './entry-paths.js';
import { signal as abortSignal, atLeastOne } from './option-schemas.js';
import { outputFault, writeOutputFile } from './output-file.js';
import { writeOutputParts } from './output-parts.js';
import { type BundlePart, isFileName, maxParts, partListSuffix } from './part-list.js';
import { type BundlePlan, type PreparedBundle, planBundle } from './plan.js';
import type { CollectedImage } from './plan-content.js';
import type { PlannedFile } from './plan-files.js';
import { repositoryOf } from './repository-of.js';
import { readSigners } from './signing/bundle-signer.js';
import { signRecord } from './signing/sign-record.js';
import { throughWorkDirectory } from './work-directory.js';

/** An image to put into a bundle, and where it and its referrers are found. */
export interface BundleSubjectInput {
  /** Gives content and lists referrers of the image's repository. */
  readonly source: ReferrersSource;
  /** Full reference of the image, such as `registry.example.com/team/app:1.2`; a digest in it must be the descriptor's. */
  readonly reference: string;
  /** What the reference resolves to. */
  readonly descriptor: Descriptor;
}

/** Options of {@link BundleWriter.write}. */
export interface BundleWriteOptions extends AbortableOptions {
  /** Replaces a file that has the target's name; false by default. */
  readonly force?: boolean | undefined;
  /**
   * Directory in which fetched blobs are kept, so that a run after one that broke off does not fetch them again; none by
   * default. It is made if need be, private to this user, takes as much room as the blobs, and stays afterwards. The
   * bundle's bytes are the same with and without.
   */
  readonly workDirectory?: string | undefined;
  /**
   * Writes the bundle in parts of this many bytes, for media and file systems that take no larger file; in one piece by
   * default. `NAME.part001` and so on are listed, with their sums, in `NAME.parts.json`, whose path every reader takes.
   * 9,999 parts at most; not for a stream.
   */
  readonly partBytes?: number | undefined;
}

const writeSchema = z.strictObject({
  force: z.boolean().optional(),
  workDirectory: z.string().min(1).optional(),
  partBytes: atLeastOne,
  signal: abortSignal,
});
const planSchema = z.strictObject({ signal: abortSignal });

/** What was written. */
export interface BundleReport
  extends Pick<
    BundlePlan,
    | 'bundleId'
    | 'previousBundleId'
    | 'complete'
    | 'images'
    | 'subjects'
    | 'counts'
    | 'external'
    | 'deltaBytes'
    | 'warnings'
  > {
  /** Path of the file as it was given, or of the list of its parts; absent when the target was a stream. */
  readonly path?: string | undefined;
  /** Size of the file, or of all its parts, in bytes. */
  readonly bytes: number;
  /** Hex sha256 of the file, or of all its parts together. */
  readonly sha256: string;
  /** The parts, when it was written in parts. */
  readonly parts?: readonly BundlePart[] | undefined;
  /** Hints of the keys that signed it, in the order of its signatures: base64 of the sha256 of the key's DER form. */
  readonly signedBy: readonly string[];
}

/**
 * Puts images, with everything that refers to them, into one file.
 *
 * @remarks The same content gives the same bytes, in whatever order images were added and on every version of Node. A
 * writer can be used again; what has been planned is kept until another image is added, so that `write` writes what
 * `plan` showed.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 * @example
 * ```ts
 * import { BundleWriter, createResolver } from '@stellaops/oci-referrers';
 *
 * await using resolver = createResolver();
 * const reference = 'registry.example.com/team/app:1.2';
 * const { descriptor } = await resolver.resolve(reference);
 * const writer = new BundleWriter({ requireReferrers: [{ artifactType: 'application/vnd.cyclonedx+json', min: 1 }] });
 * writer.add({ source: await resolver.fetcher(reference), reference, descriptor });
 * const { sha256 } = await writer.write('bundle.tgz');
 * ```
 */
export class BundleWriter {
  readonly #options: BundleWriterOptions;
  readonly #inputs = new Map<string, BundleSubjectInput>();
  #prepared: PreparedBundle | undefined;

  /**
   * @param options - what goes in, how referrers are looked for, how the file is made
   * @throws {@link ArgumentError} `ERR_OCI_INVALID_OPTION`
   */
  constructor(options: BundleWriterOptions = {}) {
    checkWriterOptions(options);
    this.#options = options;
  }

  /**
   * Adds an image; one that was added already is added once.
   *
   * @returns the writer itself
   * @throws {@link ArgumentError} `ERR_OCI_INVALID_REFERENCE` or `ERR_OCI_INVALID_DESCRIPTOR`
   */
  add(subject: BundleSubjectInput): this {
    assertDescriptor(subject.descriptor);
    const { digest } = subject.descriptor;
    const parsed = parseReference(subject.reference);
    if (parsed.digest !== undefined && parsed.digest !== digest) {
      throw wrongReference(`${subject.reference} names another digest than its descriptor, ${digest}`);
    }
    const reference = formatReference(parsed.tag === undefined ? parsed : { ...parsed, digest: undefined });
    const known = this.#inputs.get(reference);
    if (known !== undefined && known.descriptor.digest !== digest) {
      throw wrongReference(`${reference} was added as ${known.descriptor.digest} and is now ${digest}`);
    }
    if (known === undefined) {
      this.#inputs.set(reference, { ...subject, reference });
      this.#prepared = undefined;
    }
    return this;
  }

  /**
   * Finds everything that belongs to the images, and says what the bundle will hold; writes nothing.
   *
   * @remarks Manifests are fetched and stay in memory (`maxGraphBytes` per image); blobs are not fetched.
   * @throws {@link BundleError} `ERR_OCI_REQUIRED_MISSING`; whatever the sources throw; with `onDiscoveryError: 'fail'`
   * also what keeps a list of referrers from being confirmed
   */
  async plan(options: AbortableOptions = {}): Promise<BundlePlan> {
    checkOptions(planSchema, options);
    return (await this.#prepare(options.signal)).plan;
  }

  /**
   * Writes the bundle.
   *
   * @remarks A file appears under its name only when it is whole; see `force` for one that is there. A stream is ended,
   * and destroyed on a fault: what it got by then is not a bundle.
   * @param target - path of the file, or a stream to write to
   * @throws {@link ArgumentError} `ERR_OCI_INVALID_OPTION`; {@link BundleError} `ERR_OCI_BUNDLE_OUTPUT`;
   * {@link IntegrityError} when a source gives other content than its descriptor names; {@link BundleError}
   * `ERR_OCI_SIGNING`; everything `plan` throws
   */
  async write(target: string | Writable, options: BundleWriteOptions = {}): Promise<BundleReport> {
    checkOptions(writeSchema, options);
    const report = await this.#write(target, options);
    const { blobs, manifests } = report.counts;
    recordTransfer({ operation: 'export', bytes: report.bytes, blobs: blobs + manifests });
    return report;
  }

  async #write(target: string | Writable, options: BundleWriteOptions): Promise<BundleReport> {
    const { signal, partBytes, force: isForced = false } = options;
    const compression = compressionFor(target, this.#options.compression);
    signal?.throwIfAborted();
    if (typeof target !== 'string') {
      try {
        if (partBytes !== undefined)
          throw cannotSplit('a stream cannot be written in parts', 'give the path of a file');
        return await this.#writeTo(target, compression, options);
      } finally {
        if (!target.writableFinished) target.destroy();
      }
    }
    const produce = (sink: Writable): Promise<BundleReport> => this.#writeTo(sink, compression, options, target);
    if (partBytes === undefined) return await writeOutputFile(target, isForced, produce);
    const expectedBytes = await this.#partsBytes(target, partBytes, signal);
    const { result, parts } = await writeOutputParts(target, { partBytes, expectedBytes, isForced }, produce);
    return { ...result, path: target + partListSuffix, parts };
  }

  /** Finds out before anything is written that the parts will be too many. */
  async #partsBytes(target: string, partBytes: number, signal: AbortSignal | undefined): Promise<number> {
    if (!isFileName(basename(target))) throw cannotSplit('the name is too long, or no name', 'give a shorter name');
    const { plan } = await this.#prepare(signal);
    // Blocks of gzip, and flushes between what is deflated and what is not.
    const bytes = Math.ceil(plan.archiveBytes * 1.001) + 1024 + 64 * plan.counts.blobs;
    const most = partBytes * maxParts;
    if (bytes <= most) return bytes;
    throw cannotSplit(`${bytes} bytes take more than ${maxParts} parts`, 'make the parts larger');
  }

  async #writeTo(
    sink: Writable,
    compression: WriterCompression,
    { signal, workDirectory }: BundleWriteOptions,
    path?: string,
  ): Promise<BundleReport> {
    const { plan, record, before, after } = await this.#prepare(signal);
    const { concurrency = 4, maxPrefetchBytes = 32 * 1024 * 1024, onProgress, signers } = this.#options;
    const signatures: PlannedFile[] = [];
    const signedBy: string[] = [];
    // One after the other: a token may have to be touched for each.
    for (const [index, signer] of readSigners(signers).entries()) {
      const bytes = await signRecord(record, signer, { signal });
      signatures.push({ path: signaturePath(index), size: bytes.length, bytes });
      signedBy.push(signer.key.hint);
    }
    const sinkFault = (cause: unknown): Error => outputFault(cause, path);
    const archive = { compression, concurrency, maxPrefetchBytes, onProgress, signal, sinkFault };
    const content = workDirectory === undefined ? after : throughWorkDirectory(after, workDirectory);
    const written = await writeArchive([...before, ...signatures, ...content], sink, archive);
    const { bundleId, previousBundleId, complete, images, subjects, counts, external, deltaBytes, warnings } = plan;
    const base = previousBundleId === undefined ? {} : { previousBundleId };
    const rest = { complete, images, subjects, counts, external, deltaBytes, warnings };
    const report = { bundleId, ...base, ...written, signedBy, ...rest };
    return path === undefined ? report : { path, ...report };
  }

  async #prepare(signal: AbortSignal | undefined): Promise<PreparedBundle> {
    if (this.#inputs.size === 0) {
      throw new ArgumentError('ERR_OCI_INVALID_OPTION', 'planning a bundle: no image was added', {
        argument: 'subject',
        hint: 'call add() for each image first',
      });
    }
    if (this.#prepared !== undefined) return this.#prepared;
    const images: CollectedImage[] = [];
    const inputs = [...this.#inputs].sort(([a], [b]) => compareText(a, b));
    for (const [reference, { source, descriptor }] of inputs) {
      const graph = await walkClosure(source, descriptor, { includeTagSchema: true, ...this.#options, signal });
      images.push({ reference, repository: repositoryOf(reference) ?? reference, source, graph });
    }
    const prepared = planBundle(images, this.#options);
    // An image that was added in the meantime is not in this plan.
    if (inputs.length === this.#inputs.size) this.#prepared = prepared;
    return prepared;
  }
}

function compressionFor(target: string | Writable, wanted: WriterCompression | undefined): WriterCompression {
  if (wanted !== undefined) return wanted;
  if (typeof target !== 'string' || /\.(?:tgz|tar\.gz)$/i.test(target)) return 'store';
  if (/\.tar$/i.test(target)) return 'none';
  throw new ArgumentError('ERR_OCI_INVALID_OPTION', `writing the bundle: ${target} does not say how to compress`, {
    argument: 'target',
    hint: 'end the name in .tgz or .tar.gz (store) or in .tar (none), or say how to compress (compression, --compression)',
  });
}

function cannotSplit(reason: string, hint: string): ArgumentError {
  const message = `writing the bundle: option partBytes: ${reason}`;
  return new ArgumentError('ERR_OCI_INVALID_OPTION', message, {
    argument: 'partBytes',
    hint: `${hint} (partBytes, --split)`,
  });
}

function wrongReference(message: string): ArgumentError {
  return new ArgumentError('ERR_OCI_INVALID_REFERENCE', `adding to a bundle: ${message}`, {
    argument: 'reference',
    hint: 'resolve the reference again and add what it names now',
  });
}
