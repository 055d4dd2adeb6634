import { createHash } from 'node:crypto';
import { unwrapAbort } from '../../content/abort.js';
import { ValueBudget } from '../../oci/value-budget.js';
import { ArchiveFault } from '../archive-fault.js';
import type { BundleReader } from '../bundle-reader.js';
import { ByteCursor } from '../byte-cursor.js';
import { digestInName } from '../entry-names.js';
import { entryPaths } from '../entry-paths.js';
import type { FindingReport } from '../finding.js';
import { FindingList } from '../finding-list.js';
import { type BundleCompression, unpackForeign } from '../gzip-reader.js';
import type { ValidationSettings } from '../validation-rule.js';
import { isBlob } from './foreign-names.js';
import { type ForeignEntry, readForeignTar } from './foreign-tar.js';
import { checkLayout } from './layout-graph.js';
import type { LayoutSummary } from './layout-summary.js';

/** A blob that hashes to its name; small ones that may be manifests keep their bytes. */
export interface LayoutBlob {
  readonly size: number;
  readonly bytes?: Buffer | undefined;
}

/** One validation of an image layout that another tool packed: read once, then followed from its index.json. */
export class LayoutRun {
  readonly found: FindingList;
  readonly settings: ValidationSettings;
  readonly blobs: Map<string, LayoutBlob> = new Map();
  /** `oci-layout` and `index.json`, wherever they stood. */
  readonly documents: Map<string, Buffer> = new Map();
  /** Digests whose blob has other content. */
  readonly broken: Set<string> = new Set();
  /** What manifests may come to in memory. */
  readonly values: ValueBudget = new ValueBudget();
  entriesChecked = 0;
  bytesChecked = 0;
  compression: BundleCompression | undefined;
  summary: LayoutSummary | undefined;
  otherFiles = 0;
  #graphBytes = 0;

  constructor(settings: ValidationSettings) {
    this.settings = settings;
    this.found = new FindingList(settings.strict, settings.limits.maxFindings);
  }

  /** Reads the whole archive; rejects only when the source fails. */
  async read(reader: BundleReader, signal: AbortSignal | undefined): Promise<void> {
    const raw = new ByteCursor(await reader.readRaw());
    try {
      const { compression, content } = await unpackForeign(raw);
      this.compression = compression;
      for await (const entry of readForeignTar(content, this.settings.limits, (fault) => {
        this.#reportFault(fault, fault.message);
      })) {
        signal?.throwIfAborted();
        await this.#take(entry);
      }
      checkLayout(this);
    } catch (error) {
      if (!(error instanceof ArchiveFault)) throw unwrapAbort(error, signal);
      const isPlain = error.findingCode === 'ArchiveTruncated' || error.findingCode === 'LimitExceeded';
      this.#reportFault(error, isPlain ? error.message : `${error.message}; reading stopped there`);
    } finally {
      await raw.close();
    }
  }

  report(finding: FindingReport): void {
    this.found.add('layout', finding);
  }

  /** Drops the bytes of a manifest that has been read. */
  forget(digest: string): void {
    const { size } = this.blobs.get(digest) ?? { size: 0 };
    this.blobs.set(digest, { size });
  }

  #reportFault({ findingCode: code, path, expected, actual }: ArchiveFault, message: string): void {
    this.found.add('archive', { code, message, path, expected, actual });
  }

  async #take(entry: ForeignEntry): Promise<void> {
    const { path, size } = entry;
    this.entriesChecked += 1;
    this.bytesChecked += size;
    if (path === entryPaths.ociLayout || path === entryPaths.index) {
      const { maxRecordBytes } = this.settings.limits;
      if (size > maxRecordBytes) throw overLimit('maxRecordBytes', maxRecordBytes, path);
      const parts: Buffer[] = [];
      for await (const chunk of entry.chunks()) parts.push(chunk);
      this.documents.set(path, Buffer.concat(parts));
    } else if (isBlob(path)) await this.#takeBlob(entry);
    else this.otherFiles += 1;
  }

  /** Hashes a blob as it streams by; index.json may come last, so whatever may be a manifest is kept until then. */
  async #takeBlob(entry: ForeignEntry): Promise<void> {
    const { path, size } = entry;
    const digest = digestInName(path) ?? '';
    const [algorithm = 'sha256'] = digest.split(':', 1);
    const hash = createHash(algorithm);
    const { maxManifestBytes, maxGraphBytes } = this.settings.limits;
    const kept: Buffer[] = [];
    let isKept = size > 0 && size <= maxManifestBytes;
    for await (const chunk of entry.chunks()) {
      hash.update(chunk);
      if (isKept && kept.length === 0) isKept = /^\s*(?:\{|$)/.test(chunk.toString('latin1', 0, 64));
      if (isKept) kept.push(chunk);
    }
    const actual = `${algorithm}:${hash.digest('hex')}`;
    if (actual !== digest) {
      this.broken.add(digest);
      const message = 'a blob does not hash to its name';
      this.report({ code: 'BlobChecksumMismatch', message, path, digest, expected: digest, actual });
    }
    const bytes = isKept && actual === digest ? Buffer.concat(kept) : undefined;
    const isManifest = bytes?.includes('"schemaVersion"') === true;
    if (isManifest) this.#graphBytes += size;
    if (this.#graphBytes > maxGraphBytes) throw overLimit('maxGraphBytes', maxGraphBytes, path);
    this.blobs.set(digest, { size, bytes: isManifest ? bytes : undefined });
  }
}

function overLimit(limitName: string, limit: number, path: string): ArchiveFault {
  const message = `${path} goes beyond ${limitName} (${limit}); reading stopped there`;
  return new ArchiveFault('LimitExceeded', message, { path, expected: String(limit) });
}
