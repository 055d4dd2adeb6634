/**
 * What a finding is about; scripts match on these.
 *
 * @remarks A closed list: a code is added in a new minor version, and never means something else later.
 */
export type FindingCode =
  // Referrers: the manifests under `referrers/`, and the lists that name them.
  /** A referrer that a list names is not in the bundle. */
  | 'ReferrerMissing'
  /** A referrer's manifest has the right size and other bytes. */
  | 'ReferrerChecksumMismatch'
  /** A referrer's manifest has another size. */
  | 'ReferrerSizeMismatch'
  /** A referrer refers to another manifest than its list says. */
  | 'ReferrerSubjectMismatch'
  /** An image lacks a kind of referrer that was required. */
  | 'ReferrerRequiredMissing'
  /** A file under `referrers/` that no list names. */
  | 'ReferrerUnexpected'
  /** A manifest that refers to something in the bundle and is in no list. */
  | 'OrphanedReferrer'
  // Content.
  /** Content that a manifest or the record names is not in the bundle. */
  | 'BlobMissing'
  /** Content that does not hash to its name. */
  | 'BlobChecksumMismatch'
  /** Content of another size than its descriptor says. */
  | 'BlobSizeMismatch'
  // Other files.
  /** A file that every bundle has, or that the record names, is not there. */
  | 'EntryMissing'
  /** A file that does not hash to what the record says. */
  | 'EntryChecksumMismatch'
  /** A file that the record does not name. */
  | 'EntryUnexpected'
  /** A second file of the same name. */
  | 'EntryDuplicate'
  /** A file that stands before one it must come after. */
  | 'EntryOrder'
  /** A name that is not on the list of names, or something that is not a regular file. */
  | 'EntryUnsafe'
  // The archive.
  /** A tar header, or padding, that is not what this format writes. */
  | 'HeaderNotCanonical'
  /** A gzip layer that is damaged or not what this format writes. */
  | 'CompressionInvalid'
  /** The file ends too early. */
  | 'ArchiveTruncated'
  /** The file goes on after its end. */
  | 'ArchiveTrailingData'
  // The parts of a bundle that was written in parts.
  /** The list of parts cannot be read, contradicts itself, or names something that is no part. */
  | 'PartsInvalid'
  /** A part that the list names is not there. */
  | 'PartMissing'
  /** A part of another size than the list says. */
  | 'PartSizeMismatch'
  /** A part of the right size and other bytes. */
  | 'PartChecksumMismatch'
  // The record and what is made from it.
  /** `bundle.json` is not where it must be. */
  | 'BundleRecordMissing'
  /** `bundle.json` cannot be read, contradicts itself, or is not in its canonical form. */
  | 'BundleRecordInvalid'
  /** A file that is made from `bundle.json` differs from what it makes. */
  | 'DerivedFileMismatch'
  /** The bundle has a version this package does not know. */
  | 'VersionUnsupported'
  // OCI documents.
  /** A manifest that breaks the specification, or that its descriptor or list describes wrongly. */
  | 'OciManifestInvalid'
  /** The same for an index. */
  | 'OciIndexInvalid'
  // The rest.
  /** The bundle builds on another one than the one it is checked against. */
  | 'BaseMismatch'
  /** Content that is left out on purpose and must be there on the other side. */
  | 'ExternalBlob'
  /** A bound was reached; what lies beyond it was not checked. */
  | 'LimitExceeded'
  /** A signature was required and there is none, or fewer than the threshold. */
  | 'SignatureMissing'
  /** A signature that does not verify, is of something else, or is not in its canonical form. */
  | 'SignatureInvalid'
  /** A signature by a key that is not trusted; a warning where enough others have signed. */
  | 'SignatureUntrusted'
  /** A signature that was not checked. */
  | 'SignatureUnchecked'
  /** Discovery of referrers could not be confirmed when the bundle was made. */
  | 'DiscoveryIncomplete'
  /** The bundle's `expiresAt` has passed. */
  | 'BundleExpired';

/** One thing a validator found, as data. */
export interface ValidationFinding {
  /** The rule that reported it, such as `referrers`. */
  readonly ruleId: string;
  /** What is wrong; scripts may rely on it. */
  readonly code: FindingCode;
  /** Errors make a bundle invalid; warnings do so only when validation is strict. */
  readonly severity: 'error' | 'warning';
  /** What was found, as one sentence safe for a terminal. */
  readonly message: string;
  /** Entry of the bundle it is about, or the file of a signature beside it. */
  readonly path?: string | undefined;
  /** Digest of the manifest whose referrer it is about. */
  readonly subject?: string | undefined;
  /** Digest of the content it is about. */
  readonly digest?: string | undefined;
  /** What the bundle's record says: a digest, a size in bytes, a type. */
  readonly expected?: string | undefined;
  /** What was found instead. */
  readonly actual?: string | undefined;
  /** Reference of the image it belongs to. */
  readonly image?: string | undefined;
}

/** A finding as a rule reports it: the rule's name is added, and the severity its code has. */
export type FindingReport = Omit<ValidationFinding, 'ruleId' | 'severity'> & {
  /** Overrides the severity of the code. */
  readonly severity?: ValidationFinding['severity'] | undefined;
};

const warnings: ReadonlySet<FindingCode> = new Set([
  'OrphanedReferrer',
  'ExternalBlob',
  'SignatureUnchecked',
  'DiscoveryIncomplete',
]);

/** Tells how severe a finding is when validation is not strict. */
export function severityOf(code: FindingCode): ValidationFinding['severity'] {
  return warnings.has(code) ? 'warning' : 'error';
}
