/**
 * Discover, bundle, validate and move OCI referrers.
 *
 * Only what is listed here is public. The rooms behind it stay private so that they can change: build on the interfaces.
 */
export type { CredentialContext, CredentialProvider, Credentials } from './auth/credentials.js';
export type { BundleOwner } from './bundle/bundle-owners.js';
export {
  BundleReader,
  type BundleReaderEntry,
  type BundleReaderOptions,
  type ReadProgress,
} from './bundle/bundle-reader.js';
export {
  type BundleReport,
  type BundleSubjectInput,
  type BundleWriteOptions,
  BundleWriter,
} from './bundle/bundle-writer.js';
export type { BundleWriterOptions, WriterCompression } from './bundle/bundle-writer-options.js';
export {
  type BundleDiff,
  type ContentDiff,
  diffBundles,
  type ImageChange,
  type ReferrerChange,
  type SubjectDiff,
} from './bundle/diff-bundles.js';
export type { EntryKind } from './bundle/entry-names.js';
export type { FindingCode, FindingReport, ValidationFinding } from './bundle/finding.js';
export type { LayoutSummary, LayoutSummaryImage, LayoutSummaryReferrer } from './bundle/foreign/layout-summary.js';
export { describeSigners, type FormatReportOptions, formatReport } from './bundle/format-report.js';
export type { BundleCompression } from './bundle/gzip-reader.js';
export { ImportValidator, type ImportValidatorOptions, type ValidateOptions } from './bundle/import-validator.js';
export type { LayoutReferrers } from './bundle/layout-index.js';
export { nextStepFor } from './bundle/next-steps.js';
export type { BundlePart } from './bundle/part-list.js';
export type { BundleCounts, BundlePlan } from './bundle/plan.js';
export type { BlobProgress, PlanProgress, ProgressEvent } from './bundle/progress.js';
export { readBundleRecord } from './bundle/read-record.js';
export type {
  BundleArtifact,
  BundleBase,
  BundleEntry,
  BundleImage,
  BundleRecord,
  BundleSubject,
  ExternalBlob,
  RequiredReferrer,
} from './bundle/record.js';
export { defaultRules } from './bundle/rules.js';
export type { BundleSigner } from './bundle/signing/bundle-signer.js';
export { createKeySigner, type KeySignerOptions } from './bundle/signing/create-key-signer.js';
export type { DetachedSignatures, SignatureOptions } from './bundle/signing/signature-policy.js';
export { bundlePredicateType } from './bundle/signing/statement.js';
export type { SigningAlgorithm, TrustedKey } from './bundle/signing/trusted-key.js';
export type { BundleSummary, SubjectSummary, ValidationReport } from './bundle/validation-report.js';
export type {
  SeenEntry,
  SignaturePolicy,
  ValidationContext,
  ValidationEntry,
  ValidationLimits,
  ValidationRule,
  ValidationSettings,
} from './bundle/validation-rule.js';
export type { AbortableOptions } from './content/abort.js';
export type { Limits } from './content/limits.js';
export type {
  ContentSource,
  FetchByDigestOptions,
  FetchedContent,
  FetcherByDigest,
  LegacyArtifact,
  ListReferrersOptions,
  PushResult,
  PushTarget,
  ReferrersList,
  ReferrersSource,
} from './content/sources.js';
export { doctorChecks } from './doctor/checks.js';
export type { DoctorCheckInfo } from './doctor/doctor-check.js';
export type { DoctorOptions } from './doctor/doctor-options.js';
export type {
  DoctorCheckId,
  DoctorFix,
  DoctorReport,
  DoctorResult,
  DoctorSeverity,
} from './doctor/doctor-report.js';
export { parseRegistryUrl, type RegistryAddress } from './doctor/registry-address.js';
export { runDoctor } from './doctor/run-doctor.js';
export {
  ArgumentError,
  type Attempt,
  BundleError,
  IntegrityError,
  isOciError,
  LimitError,
  OciError,
  type OciErrorCode,
  type OciErrorOptions,
  ProtocolError,
  ReferrersError,
  RegistryError,
  type RegistryErrorDetail,
  TransportError,
} from './errors/index.js';
export type { ProxyOption, ProxySettings } from './http/proxy.js';
export type { RegistryWarning, RetryPolicy, Timeouts, TlsOptions } from './http/types.js';
export type { Layout, LayoutImage } from './layout/layout.js';
export { type LayoutOptions, openLayout } from './layout/open-layout.js';
export { type ArtifactCategory, categoryOf } from './oci/artifact-kind.js';
export type { Descriptor, Platform } from './oci/descriptor.js';
export { type DigestAlgorithm, digestOf } from './oci/digest.js';
export { escapeText } from './oci/escape.js';
export type { ImageIndex, ImageManifest, Manifest, ParsedIndex, ParsedManifest } from './oci/manifest.js';
export { formatReference, parseReference, type Reference } from './oci/reference.js';
export { referrersTag } from './oci/referrers-tag.js';
export { type Artifact, type ArtifactFile, attachArtifact } from './referrers/attach.js';
export { discoverReferrers } from './referrers/discover-referrers.js';
export type {
  GraphNode,
  GraphSubject,
  ReferrerNode,
  ReferrersGraph,
  WalkOptions,
  WalkReferrersOptions,
} from './referrers/graph.js';
export { type ArtifactContent, readArtifact } from './referrers/read-artifact.js';
export { walkReferrers } from './referrers/walk-referrers.js';
export {
  type CapabilityFinding,
  type CapabilityName,
  type ProbeOptions,
  probeCapabilities,
  type RegistryCapabilities,
} from './remotes/capabilities.js';
export type { HostCapability, RegistryHost, RegistryHosts } from './remotes/hosts.js';
export { createHostsDirectory } from './remotes/hosts-dir/create-hosts-directory.js';
export type { HostHeaders, ResolverOptions } from './remotes/options.js';
export { createResolver } from './remotes/resolver.js';
export type { Fetcher, Pusher, ReferrersFetcher, Resolved, Resolver } from './remotes/types.js';
export type { Logger } from './telemetry/logger.js';
export { BundleValidationError } from './transfer/bundle-validation-error.js';
export type { MappingOptions } from './transfer/mapping.js';
export type {
  MovedTag,
  TransferOptions,
  TransferProgress,
  TransferReport,
  TransferredSubject,
} from './transfer/transfer.js';
export { type CopyOptions, type CopyReport, copyImage } from './workflows/copy-image.js';
export type { ImageLocation, LayoutLocation, RegistryLocation } from './workflows/copy-places.js';
export { type ExportOptions, exportBundle, type PlanOptions, planExport } from './workflows/export-bundle.js';
export { type ImportedImage, type ImportOptions, type ImportReport, importBundle } from './workflows/import-bundle.js';
export { type OpenBundle, type OpenBundleOptions, openBundle } from './workflows/open-bundle.js';
export { type SignBundleOptions, type SignBundleReport, signBundle } from './workflows/sign-bundle.js';
