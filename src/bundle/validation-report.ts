import { blobsBelow, manifestsBelow } from '../oci/manifest.js';
import { blobPath } from './entry-paths.js';
import type { ValidationFinding } from './finding.js';
import type { LayoutSummary } from './foreign/layout-summary.js';
import type { BundleCompression } from './gzip-reader.js';
import type { BundleRecord } from './record.js';
import { referrerKey, type ValidationRun } from './validation-run.js';

/** How the referrers of one subject came through. */
export interface SubjectSummary {
  /** Reference of the image the subject was reached from. */
  readonly image: string;
  /** Digest of the manifest that is referred to. */
  readonly subject: string;
  /** Referrers that the bundle's record lists. */
  readonly expected: number;
  /** Those whose file is in the bundle. */
  readonly found: number;
  /** Those that are unchanged, with their manifest and all its content. */
  readonly ok: number;
  /** Whether discovery was confirmed when the bundle was made. */
  readonly complete: boolean;
}

/** What a bundle says about itself. */
export interface BundleSummary
  extends Pick<
    BundleRecord,
    'bundleId' | 'previousBundleId' | 'createdAt' | 'expiresAt' | 'generator' | 'complete' | 'images'
  > {
  /** Entries that the record lists. */
  readonly entries: number;
  /** Pieces of content that are left out on purpose. */
  readonly external: number;
}

/** The result of a validation, as data; `formatReport` makes text of it. */
export interface ValidationReport {
  /** True when no finding is an error, and the signatures that are required are there. */
  readonly ok: boolean;
  /** What was found, the first `maxFindings` of it. */
  readonly findings: readonly ValidationFinding[];
  /** Findings beyond `maxFindings`; they count for `ok`. */
  readonly findingsDropped: number;
  /** Absent when `bundle.json` could not be read. */
  readonly bundle?: BundleSummary | undefined;
  /** What an image layout of another tool holds, as far as it could be read; absent for a bundle. */
  readonly layout?: LayoutSummary | undefined;
  /** One line per list of referrers in the record; none for an image layout. */
  readonly subjects: readonly SubjectSummary[];
  /** How the file is packed; absent when that could not be told. */
  readonly compression?: BundleCompression | undefined;
  /** Entries that were read. */
  readonly entriesChecked: number;
  /** Bytes of those entries. */
  readonly bytesChecked: number;
  /**
   * Whether enough trusted keys have signed the bundle's record; without that this report vouches for integrity, not
   * authenticity. Nothing is fine before `ok` says so too: it tells whether the rest of the bundle is what the record says.
   */
  readonly signed: boolean;
  /** Hints of the trusted keys that have signed: base64 of the sha256 of the key's DER form, each once. */
  readonly signedBy: readonly string[];
}

/** Makes the report of a run that has ended. */
export function makeReport(run: ValidationRun, compression: BundleCompression | undefined): ValidationReport {
  const { record } = run;
  return {
    ok: run.isFine,
    findings: run.findings,
    findingsDropped: run.findingsDropped,
    ...(record === undefined ? {} : { bundle: summarise(record) }),
    subjects: summariseSubjects(run),
    ...(compression === undefined ? {} : { compression }),
    entriesChecked: run.entriesChecked,
    bytesChecked: run.bytesChecked,
    signed: run.isSigned,
    signedBy: run.signedBy,
  };
}

function summarise(record: NonNullable<ValidationRun['record']>): BundleSummary {
  const { bundleId, previousBundleId, createdAt, expiresAt, generator, complete, images, entries, external } = record;
  const optional = Object.entries({ previousBundleId, createdAt, expiresAt }).filter(
    ([, value]) => value !== undefined,
  );
  const counts = { entries: entries.length, external: external.length };
  return { bundleId, ...Object.fromEntries(optional), generator, complete, images, ...counts };
}

function summariseSubjects(run: ValidationRun): readonly SubjectSummary[] {
  const isIntact = intactContent(run);
  return (run.record?.referrers.subjects ?? []).map(({ reference, subject, discovery, artifacts }) => {
    const found = artifacts.filter(({ path }) => run.seen.has(path));
    const ok = found.filter(({ path, digest }) => {
      return (
        run.seen.get(path)?.digest === digest &&
        isIntact(digest) &&
        !run.faultyReferrers.has(referrerKey(reference, subject, digest))
      );
    });
    const counts = { expected: artifacts.length, found: found.length, ok: ok.length };
    return { image: reference, subject, ...counts, complete: discovery.complete };
  });
}

/** Tells of a manifest whether it is there unchanged, and everything below it too; each is looked at once. */
function intactContent({ record, seen, manifests }: ValidationRun): (digest: string) => boolean {
  const external = new Set(record?.external.map(({ digest }) => digest));
  const isHere = (digest: string): boolean => external.has(digest) || seen.get(blobPath(digest))?.digest === digest;
  const known = new Map<string, boolean>();
  return (digest) => {
    // Children are settled before their parents; a digest that is met again on the way down is under way already.
    const stack = [digest];
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const manifest = manifests.get(top);
      const children = manifest === undefined ? [] : manifestsBelow(manifest).map((child) => child.digest);
      if (!known.has(top)) {
        known.set(top, false);
        stack.push(...children.filter((child) => !known.has(child)));
        continue;
      }
      stack.pop();
      const blobs = manifest === undefined ? [] : blobsBelow(manifest);
      const isWhole =
        children.every((child) => known.get(child) === true) && blobs.every((blob) => isHere(blob.digest));
      known.set(top, isHere(top) && isWhole);
    }
    return known.get(digest) === true;
  };
}
