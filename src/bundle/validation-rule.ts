import { defaultLimits } from '../content/limits.js';
import type { OciError } from '../errors/index.js';
import type { Manifest } from '../oci/manifest.js';
import type { BundleOwner } from './bundle-owners.js';
import type { EntryKind } from './entry-names.js';
import type { FindingReport } from './finding.js';
import type { MatchedLayout } from './match-layout-index.js';
import type { BundleBase, BundleEntry, BundleRecord, ExternalBlob, RequiredReferrer } from './record.js';
import type { SignatureLedger } from './signing/signature-ledger.js';
import type { TrustedKey } from './signing/trusted-key.js';

const MiB = 1024 * 1024;

/** Bounds on what one validation may read and hold; each is finite and none may be 0. */
export interface ValidationLimits {
  /** Entries of the archive; 1,000,000 by default. In an image layout that another tool packed never over 150,000. */
  readonly maxEntries: number;
  /** Bytes of all entries together, decompressed; 1 TiB by default. */
  readonly maxTotalBytes: number;
  /** Bytes of `bundle.json`, and of `index.json`, which comes before it; 24 MiB by default. */
  readonly maxRecordBytes: number;
  /** Images of one bundle; 10,000 by default. */
  readonly maxImages: number;
  /** Bytes of one manifest or index; 4 MiB by default, the size every registry has to accept. */
  readonly maxManifestBytes: number;
  /** Bytes of all manifests together, which are held in memory; 32 MiB by default. */
  readonly maxGraphBytes: number;
  /** Longest chain of nested indexes; 16 by default. */
  readonly maxDepth: number;
  /** Findings that are kept; further ones are counted. 1,000 by default. */
  readonly maxFindings: number;
}

/** The limits that hold where the caller says nothing. */
export const defaultValidationLimits: ValidationLimits = {
  maxEntries: 1_000_000,
  maxTotalBytes: MiB * MiB,
  maxRecordBytes: 24 * MiB,
  maxImages: 10_000,
  maxManifestBytes: defaultLimits.maxManifestBytes,
  maxGraphBytes: 32 * MiB,
  maxDepth: 16,
  maxFindings: 1_000,
};

/** Whose signatures a bundle needs. */
export interface SignaturePolicy {
  /** Keys that count, each once; none when signatures cannot be checked. */
  readonly keys: readonly TrustedKey[];
  /** How many of them have to have signed. */
  readonly threshold: number;
  /** Whether a bundle they have not signed is refused. */
  readonly isRequired: boolean;
}

/** What a validation was asked for. */
export interface ValidationSettings {
  /** Bounds. */
  readonly limits: ValidationLimits;
  /** Whether every warning is an error. */
  readonly strict: boolean;
  /** Whether discovery that was not confirmed is an error. */
  readonly checkReferrers: boolean;
  /** Referrers every image must have, beyond those the bundle itself requires. */
  readonly requireReferrers: readonly RequiredReferrer[];
  /** Whose signatures the bundle needs. */
  readonly signatures: SignaturePolicy;
  /** Id of the bundle that this one has to build on; absent when any will do. */
  readonly expectPrevious?: string | undefined;
  /** The bundle this one should build on, where the caller has it. */
  readonly base?: BundleBase | undefined;
}

/** An entry that has been read. */
export interface SeenEntry {
  /** Name in the archive. */
  readonly path: string;
  /** What its name makes it. */
  readonly kind: EntryKind;
  /** Bytes of content. */
  readonly size: number;
  /** Digest of the content, in the algorithm of the digest that was expected; else sha256. */
  readonly digest: string;
  /** Hex sha256 of a file under `referrers/`, whatever its digest's algorithm. */
  readonly sha256?: string | undefined;
  /** What the record says about it; absent for what the record does not list. */
  readonly expected?: BundleEntry | undefined;
}

/** An entry at its turn, with what is known only then. */
export interface ValidationEntry extends SeenEntry {
  /** The content of manifests and of files under `referrers/` and `signatures/`, within `maxManifestBytes`. */
  readonly bytes?: Buffer | undefined;
  /** What a manifest says; only for a blob that hashes to its digest. */
  readonly manifest?: Manifest | undefined;
  /** Why a manifest could not be read, although it hashes to its digest. */
  readonly manifestFault?: OciError | undefined;
}

/** What a rule can ask while it looks at a bundle. */
export interface ValidationContext {
  /** The bundle's record, as it says itself. */
  readonly record: BundleRecord;
  /** The record's entries, by path. */
  readonly expected: ReadonlyMap<string, BundleEntry>;
  /** The record's external content, by digest. */
  readonly external: ReadonlyMap<string, ExternalBlob>;
  /** Every entry read so far, by path. */
  readonly seen: ReadonlyMap<string, SeenEntry>;
  /** Every manifest read so far that hashes to its digest, by digest. */
  readonly manifests: ReadonlyMap<string, Manifest>;
  /** Whether the archive was read through to its end; false until then. */
  readonly isComplete: boolean;
  /** Whether the archive ended before its end, so that what was not read is missing; false where reading was given up. */
  readonly isTruncated: boolean;
  /** Whether anything reported so far is an error. */
  readonly hasErrors: boolean;
  /** @internal The `index.json` the record makes, if that is the one that was read; it is known in `onEnd` only. */
  readonly layout: () => MatchedLayout;
  /** @internal Who has signed, and what became of each signature; it is complete in `onEnd` only. */
  readonly signatures: Pick<SignatureLedger, 'verdicts' | 'signedBy'>;
  /** What the validation was asked for. */
  readonly settings: ValidationSettings;
  /** Finds out which image or referrer content belongs to; it is known in `onEnd` only. */
  readonly ownerOf: (digest: string) => BundleOwner | undefined;
  /** Reports a finding; control characters in it are made visible. */
  readonly report: (finding: FindingReport) => void;
}

/**
 * One thing a validator looks at; rules hold no state of their own, so they can be shared.
 *
 * @remarks Nothing is called for a bundle whose `bundle.json` cannot be read. What a rule throws ends the validation.
 */
export interface ValidationRule {
  /** Name that its findings carry. */
  readonly id: string;
  /** Called once, when the record has been read. */
  onRecord?(context: ValidationContext): void | Promise<void>;
  /** Called for every entry, in the order of the archive, `bundle.json` and what stands before it included. */
  onEntry?(context: ValidationContext, entry: ValidationEntry): void | Promise<void>;
  /** Called once, when no more entries come: at the end, or where reading had to stop. */
  onEnd?(context: ValidationContext): void | Promise<void>;
}
