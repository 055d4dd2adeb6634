import { canonicalList, compareText, writeCanonicalJson } from './canonical-json.js';
import type { BundleArtifact, BundleSubject } from './record.js';
import { bytesOfText, type TextSink } from './written-text.js';

/** Annotations that name an attestation's predicate: cosign's on sigstore bundles, BuildKit's and in-toto's own. */
const predicateAnnotations = ['dev.sigstore.bundle.predicateType', 'in-toto.io/predicate-type', 'predicateType'];

interface Row {
  readonly artifact: BundleArtifact;
  readonly subject: string;
  readonly reference: string;
}

/**
 * Writes `indexes/referrers.index.json`, a flat look-up table: one row per artifact and subject, sorted by digest, that
 * says what the artifact is, what it refers to, where it was found and which entry holds it.
 */
export function emitReferrersIndex(subjects: readonly BundleSubject[]): Buffer {
  return bytesOfText((sink) => {
    writeReferrersIndex(subjects, sink);
  });
}

/** Writes what {@link emitReferrersIndex} gives, a piece at a time. */
export function writeReferrersIndex(subjects: readonly BundleSubject[], sink: TextSink): void {
  const referrers = canonicalList(rowsOf(subjects), ({ artifact, subject, reference }) => ({
    digest: artifact.digest,
    artifactType: artifact.artifactType,
    category: artifact.category,
    subject,
    reference,
    path: artifact.path,
  }));
  writeCanonicalJson({ schemaVersion: 1, referrers }, true, sink);
  sink('\n');
}

/**
 * Writes `indexes/attestations.index.json`: the artifacts that are attestations, with what each one states.
 *
 * @remarks `predicateType` is what the annotations say, and `unknown` where only the signed payload would tell: a look-up
 * table must not look as if something had been verified.
 */
export function emitAttestationsIndex(subjects: readonly BundleSubject[]): Buffer {
  return bytesOfText((sink) => {
    writeAttestationsIndex(subjects, sink);
  });
}

/** Writes what {@link emitAttestationsIndex} gives, a piece at a time. */
export function writeAttestationsIndex(subjects: readonly BundleSubject[], sink: TextSink): void {
  const rows = rowsOf(subjects).filter(({ artifact }) => artifact.category === 'attestation');
  const attestations = canonicalList(rows, ({ artifact, subject, reference }) => ({
    digest: artifact.digest,
    artifactType: artifact.artifactType,
    predicateType: predicateTypeOf(artifact),
    subject,
    reference,
    path: artifact.path,
  }));
  writeCanonicalJson({ schemaVersion: 1, attestations }, true, sink);
  sink('\n');
}

function rowsOf(subjects: readonly BundleSubject[]): readonly Row[] {
  return subjects
    .flatMap(({ subject, reference, artifacts }) => artifacts.map((artifact) => ({ artifact, subject, reference })))
    .sort(
      (a, b) =>
        compareText(a.artifact.digest, b.artifact.digest) ||
        compareText(a.subject, b.subject) ||
        compareText(a.reference, b.reference),
    );
}

function predicateTypeOf({ annotations }: BundleArtifact): string {
  const stated = predicateAnnotations.map((name) => annotations?.[name]).find((value) => value);
  return stated ?? 'unknown';
}
