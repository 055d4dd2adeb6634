import type { FindingCode } from './finding.js';

const exportAgain = 'export the bundle again where it came from';
const transferAgain =
  'compare the file with the one that was exported (sha256sum), transfer it again, and do not repack it';
const doNotImport = 'do not import; find out where the file was changed, then transfer or export it again';
const newerPackage = 'use a version of this package that reads this bundle, or export it with this one';
const raiseLimit = 'if this size is expected, raise that limit; otherwise do not import';

/** What an operator does next about each kind of finding. */
const nextSteps: Readonly<Record<FindingCode, string>> = {
  ReferrerMissing: `${transferAgain}; if the file is the same, ${exportAgain}`,
  ReferrerChecksumMismatch: doNotImport,
  ReferrerSizeMismatch: doNotImport,
  ReferrerSubjectMismatch: `do not import: this artifact is about another image; ${exportAgain}`,
  ReferrerRequiredMissing: 'attach what is missing to the image at its source, then export again',
  ReferrerUnexpected: `do not import: somebody added this file; ${transferAgain}`,
  OrphanedReferrer: 'nothing will push it; export again if it should be there',
  BlobMissing: `${transferAgain}; if the file is the same, ${exportAgain}`,
  BlobChecksumMismatch: doNotImport,
  BlobSizeMismatch: doNotImport,
  EntryMissing: transferAgain,
  EntryChecksumMismatch: doNotImport,
  EntryUnexpected: `do not import before you know who added it; ${transferAgain}`,
  EntryDuplicate: doNotImport,
  EntryOrder: transferAgain,
  EntryUnsafe: doNotImport,
  HeaderNotCanonical: transferAgain,
  CompressionInvalid: transferAgain,
  ArchiveTruncated: 'the transfer broke off or the medium is full: transfer the file again',
  ArchiveTrailingData: transferAgain,
  PartsInvalid: 'transfer the list of parts (.parts.json) again, and keep the names of the parts',
  PartMissing: 'transfer this part as well, into the directory of the list of parts',
  PartSizeMismatch: 'transfer this part again; the others need not be',
  PartChecksumMismatch: 'transfer this part again, or put it back under its own name; the others need not be',
  BundleRecordMissing: 'check that this is a bundle of this tool; if it is, transfer it again',
  BundleRecordInvalid: doNotImport,
  DerivedFileMismatch: doNotImport,
  VersionUnsupported: newerPackage,
  OciManifestInvalid: `do not import; ${exportAgain}, and have the image or artifact rebuilt if that does not help`,
  OciIndexInvalid: `do not import; ${exportAgain}, and have the image rebuilt if that does not help`,
  BaseMismatch: 'import the bundle this one builds on first; an older bundle may have been sent again',
  ExternalBlob:
    'make sure that the target has it, or import the bundle that holds it first; with that one as base (--base) it is checked',
  LimitExceeded: raiseLimit,
  SignatureMissing: 'ask the exporting side for a signed bundle, or for the .sigstore.json that belongs beside it',
  SignatureInvalid: doNotImport,
  SignatureUntrusted: 'check whose key it is, and give it as a trusted key if you trust it',
  SignatureUnchecked: 'give the keys you trust to have it checked',
  DiscoveryIncomplete: 'referrers may be missing: export again when the registry answers',
  BundleExpired: 'ask for a newer bundle',
};

/**
 * Says what an operator does next about a finding, in one sentence; `formatReport` writes it below each.
 *
 * @example
 * ```ts
 * import { ImportValidator, nextStepFor } from '@stellaops/oci-referrers';
 *
 * const { findings } = await new ImportValidator().validate('bundle.tgz');
 * for (const { code, message } of findings) console.log(`${code}: ${message}: ${nextStepFor(code)}`);
 * ```
 */
export function nextStepFor(code: FindingCode): string {
  return nextSteps[code];
}
