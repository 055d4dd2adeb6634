import { createHash } from 'node:crypto';
import { beginHash } from '../content/running-hash.js';
import { OciError } from '../errors/index.js';
import { parseDigest } from '../oci/digest.js';
import { type Manifest, parseManifest } from '../oci/manifest.js';
import { isManifestType } from '../oci/media-types.js';
import { ValueBudget } from '../oci/value-budget.js';
import { ArchiveFault } from './archive-fault.js';
import { type BundleOwner, findOwners, shortDigest } from './bundle-owners.js';
import type { BundleReader } from './bundle-reader.js';
import { digestInName, kindOfEntry } from './entry-names.js';
import type { FindingReport, ValidationFinding } from './finding.js';
import { FindingList } from './finding-list.js';
import { loadRecord } from './load-record.js';
import { type MatchedLayout, matchLayoutIndex } from './match-layout-index.js';
import type { BundleEntry, BundleRecord, ExternalBlob } from './record.js';
import { type GivenSignature, SignatureLedger } from './signing/signature-ledger.js';
import type { TarEntry } from './tar-reader.js';
import type {
  SeenEntry,
  ValidationContext,
  ValidationEntry,
  ValidationRule,
  ValidationSettings,
} from './validation-rule.js';

const MiB = 1024 * 1024;
/** What may be in an archive beyond what its record lists, so that a file too many is named before reading stops. */
const slack = { entries: 64, bytes: 64 * MiB };

/** One validation: reads the archive once, keeps what rules ask for, and collects what they find. */
export class ValidationRun {
  entriesChecked = 0;
  bytesChecked = 0;
  /** Image, subject and digest of every referrer that an error is about. */
  readonly faultyReferrers: Set<string> = new Set();
  isComplete = false;
  isTruncated = false;
  record: BundleRecord | undefined;
  readonly seen: Map<string, SeenEntry> = new Map();
  readonly manifests: Map<string, Manifest> = new Map();
  readonly #expected = new Map<string, BundleEntry>();
  readonly #external = new Map<string, ExternalBlob>();
  readonly #rules: readonly { readonly rule: ValidationRule; readonly context: ValidationContext }[];
  readonly #settings: ValidationSettings;
  readonly #found: FindingList;
  readonly #detached: readonly GivenSignature[];
  readonly #waiting: ValidationEntry[] = [];
  #signatures: SignatureLedger | undefined;
  #hasFailed = false;
  #hasEnded = false;
  #graphBytes = 0;
  #values = new ValueBudget();
  #layout: MatchedLayout | undefined;
  #owners: ReadonlyMap<string, BundleOwner> | undefined;

  constructor(
    rules: readonly ValidationRule[],
    settings: ValidationSettings,
    detached: readonly GivenSignature[] = [],
  ) {
    this.#settings = settings;
    this.#found = new FindingList(settings.strict, settings.limits.maxFindings);
    this.#detached = detached;
    this.#rules = rules.map((rule) => ({ rule, context: this.#contextFor(rule.id) }));
  }

  /** Reads the whole archive and lets every rule look at it; rejects only when the source fails. */
  async read(reader: BundleReader, signal: AbortSignal | undefined): Promise<void> {
    const onFault = (fault: ArchiveFault, message = fault.message): void => {
      const { findingCode: code, path, expected, actual } = fault;
      this.report('archive', { code, message, path, expected, actual });
    };
    const { maxEntries, maxTotalBytes, maxRecordBytes } = this.#settings.limits;
    reader.restrict({ maxEntries, maxTotalBytes, maxRecordBytes });
    try {
      const onArchiveFault = (fault: ArchiveFault): void => {
        onFault(fault);
      };
      for await (const entry of reader.read(onArchiveFault, 'reused')) {
        signal?.throwIfAborted();
        await this.#take(entry, reader);
        // Without a record nothing says what should follow, or how much of it.
        if (this.#hasFailed) {
          await reader.checkParts((fault) => {
            onFault(fault);
          });
          return;
        }
      }
      this.isComplete = true;
      if (this.record === undefined) this.#missRecord('is not in the archive');
    } catch (error) {
      if (!(error instanceof ArchiveFault)) throw error;
      this.isTruncated = error.findingCode === 'ArchiveTruncated';
      const hasSaid = this.isTruncated || error.findingCode === 'LimitExceeded';
      onFault(error, hasSaid ? error.message : `${error.message}; reading stopped there`);
      await reader.checkParts((fault) => {
        onFault(fault);
      });
    }
    this.#hasEnded = true;
    if (this.record === undefined) return;
    for (const signature of this.#detached) this.#signatures?.add(signature);
    for (const { rule, context } of this.#rules) await rule.onEnd?.(context);
    this.#found.addOwners((digest) => this.ownerOf(digest));
  }

  report(ruleId: string, finding: FindingReport): void {
    if (!this.#found.add(ruleId, finding)) return;
    this.faultyReferrers.add(referrerKey(finding.image, finding.subject, finding.digest));
  }

  get findings(): readonly ValidationFinding[] {
    return this.#found.findings;
  }

  get findingsDropped(): number {
    return this.#found.dropped;
  }

  get errors(): number {
    return this.#found.errors;
  }

  /** Hints of the trusted keys that have signed what was read. */
  get signedBy(): readonly string[] {
    return this.#signatures?.signedBy ?? [];
  }

  /** Whether as many of them have signed as it takes. */
  get isSigned(): boolean {
    return this.signedBy.length >= this.#settings.signatures.threshold;
  }

  /** Whether nothing speaks against the bundle; no set of rules makes up for a signature that is required. */
  get isFine(): boolean {
    return this.errors === 0 && (this.isSigned || !this.#settings.signatures.isRequired);
  }

  ownerOf(digest: string): BundleOwner | undefined {
    if (this.record === undefined || !this.#hasEnded) return undefined;
    this.#owners ??= findOwners(this.record, this.manifests);
    return this.#owners.get(digest);
  }

  layout(): MatchedLayout {
    if (this.record === undefined || !this.#hasEnded) return 'unknown';
    this.#layout ??= matchLayoutIndex(this.record, this);
    return this.#layout;
  }

  async #take(entry: TarEntry, reader: BundleReader): Promise<void> {
    const kind = kindOfEntry(entry.path);
    if (kind === undefined) return;
    if (this.record !== undefined) {
      await this.#look(await this.#readEntry(entry));
    } else if (kind === 'record') {
      await this.#takeRecord(entry, reader);
    } else if (kind === 'oci-layout' || kind === 'index') {
      this.#waiting.push(await this.#readEntry(entry));
    } else {
      this.#missRecord(`does not stand before ${entry.path}`);
    }
  }

  async #takeRecord(entry: TarEntry, reader: BundleReader): Promise<void> {
    const seen = await this.#readEntry(entry, this.#settings.limits.maxRecordBytes);
    const loaded = loadRecord(seen.bytes, this.#settings.limits);
    if ('fault' in loaded) {
      this.#hasFailed = true;
      this.report('record', { path: entry.path, ...loaded.fault });
      return;
    }
    const { record } = loaded;
    this.record = record;
    this.#values = loaded.forManifests;
    this.#signatures = new SignatureLedger(record, seen.digest, this.#settings.signatures.keys);
    for (const expected of record.entries) this.#expected.set(expected.path, expected);
    for (const external of record.external) this.#external.set(external.digest, external);
    reader.restrictToRecord({
      maxEntries: record.entries.length + slack.entries,
      maxTotalBytes: record.entries.reduce((sum, { size }) => sum + size, slack.bytes + 4 * entry.size),
    });
    for (const { rule, context } of this.#rules) await rule.onRecord?.(context);
    for (const earlier of [...this.#waiting.splice(0), { ...seen, bytes: undefined }]) {
      await this.#look({ ...earlier, expected: this.#expected.get(earlier.path) });
    }
  }

  async #look(entry: ValidationEntry): Promise<void> {
    const { path, kind, size, digest, sha256, expected, manifest } = entry;
    this.seen.set(path, { path, kind, size, digest, sha256, expected });
    if (manifest !== undefined) this.manifests.set(digest, manifest);
    if (kind === 'signature') this.#signatures?.add({ path, bytes: entry.bytes });
    for (const { rule, context } of this.#rules) await rule.onEntry?.(context, entry);
  }

  /** Hashes an entry as it streams by; keeps the bytes of small documents only. */
  async #readEntry(entry: TarEntry, keepUpTo?: number): Promise<ValidationEntry> {
    const { path, size } = entry;
    const kind = kindOfEntry(path) ?? 'blob';
    const expected = this.#expected.get(path);
    const named = expected?.digest ?? digestInName(path);
    const algorithm = named === undefined ? 'sha256' : parseDigest(named).algorithm;
    const hash = beginHash(algorithm, size);
    const sha256 = kind === 'referrer' ? createHash('sha256') : undefined;
    const isDocument = kind === 'referrer' || kind === 'signature' || isManifestType(expected?.mediaType ?? '');
    const isKept = size <= (keepUpTo ?? (isDocument ? this.#settings.limits.maxManifestBytes : -1));
    const kept: Buffer[] = [];
    try {
      for await (const chunk of entry.chunks()) {
        await hash.update(chunk);
        sha256?.update(chunk);
        if (isKept) kept.push(Buffer.from(chunk));
      }
    } catch (error) {
      hash.drop();
      throw error;
    }
    this.entriesChecked += 1;
    this.bytesChecked += size;
    const bytes = isKept ? Buffer.concat(kept) : undefined;
    const seen = {
      path,
      kind,
      size,
      digest: `${algorithm}:${await hash.digest()}`,
      sha256: sha256?.digest('hex'),
      expected,
      bytes,
    };
    return kind === 'blob' ? { ...seen, ...this.#parse(seen) } : seen;
  }

  #parse({ path, digest, expected, bytes }: ValidationEntry): Pick<ValidationEntry, 'manifest' | 'manifestFault'> {
    const mediaType = expected?.mediaType ?? '';
    if (bytes === undefined || expected?.digest !== digest || !isManifestType(mediaType)) return {};
    this.#graphBytes += bytes.length;
    const { maxGraphBytes } = this.#settings.limits;
    if (this.#graphBytes > maxGraphBytes) {
      const message = `${path} goes beyond maxGraphBytes (${maxGraphBytes}); reading stopped there`;
      throw new ArchiveFault('LimitExceeded', message, { path, expected: String(maxGraphBytes) });
    }
    const excess = this.#values.take(bytes);
    if (excess !== undefined) {
      const { what, limit } = excess;
      const message = `${path}, with the manifests before it and bundle.json, has ${what} than may be (${limit}); reading stopped there`;
      throw new ArchiveFault('LimitExceeded', message, { path, expected: String(limit) });
    }
    try {
      return { manifest: parseManifest(bytes, mediaType, `manifest ${shortDigest(digest)}`) };
    } catch (error) {
      if (!(error instanceof OciError)) throw error;
      return { manifestFault: error };
    }
  }

  #missRecord(reason: string): void {
    this.#hasFailed = true;
    this.report('record', { code: 'BundleRecordMissing', path: 'bundle.json', message: `bundle.json ${reason}` });
  }

  #contextFor(ruleId: string): ValidationContext {
    const record = (): BundleRecord => {
      if (this.record === undefined) throw new TypeError('rules are called only once there is a record');
      return this.record;
    };
    const isComplete = (): boolean => this.isComplete;
    const isTruncated = (): boolean => this.isTruncated;
    const hasErrors = (): boolean => this.errors > 0;
    const signatures = (): ValidationContext['signatures'] => this.#signatures ?? { verdicts: [], signedBy: [] };
    return {
      get record() {
        return record();
      },
      get isComplete() {
        return isComplete();
      },
      get isTruncated() {
        return isTruncated();
      },
      get hasErrors() {
        return hasErrors();
      },
      get signatures() {
        return signatures();
      },
      layout: () => this.layout(),
      expected: this.#expected,
      external: this.#external,
      seen: this.seen,
      manifests: this.manifests,
      settings: this.#settings,
      ownerOf: (digest) => this.ownerOf(digest),
      report: (finding) => {
        this.report(ruleId, finding);
      },
    };
  }
}

/** Names a referrer in one list. */
export function referrerKey(image = '', subject = '', digest = ''): string {
  return `${image} ${subject} ${digest}`;
}
