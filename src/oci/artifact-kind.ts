/** What an artifact is for, as far as its type tells. */
export type ArtifactCategory = 'sbom' | 'attestation' | 'signature' | 'vex' | 'other';

// Order matters: a VEX document in CycloneDX form is a VEX document, a sigstore bundle that signs is a signature.
const rules: readonly (readonly [RegExp, ArtifactCategory])[] = [
  [/openvex|\bvex\b|csaf/, 'vex'],
  [/cyclonedx|spdx|syft|sbom/, 'sbom'],
  [/cosign\.simplesigning|cncf\.notary|sigstore\.bundle|signature|pgp/, 'signature'],
  [/in-toto|intoto|provenance|slsa|dsse|attestation/, 'attestation'],
];

/**
 * Sorts an artifact into a category by its artifact type and annotations.
 *
 * @remarks A sigstore bundle carries either kind; its annotation `dev.sigstore.bundle.content` tells which.
 */
export function categoryOf(
  artifactType: string | undefined,
  annotations?: Readonly<Record<string, string>>,
): ArtifactCategory {
  const type = (artifactType ?? '').toLowerCase();
  if (type.includes('sigstore.bundle') && annotations?.['dev.sigstore.bundle.content'] === 'dsse-envelope') {
    return 'attestation';
  }
  return rules.find(([pattern]) => pattern.test(type))?.[1] ?? 'other';
}
