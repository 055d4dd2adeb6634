/** What an artifact is for, as far as its type tells. */
export type ArtifactCategory = 'sbom' | 'attestation' | 'signature' | 'vex' | 'other';

/** Every category there is. */
export const artifactCategories: readonly ArtifactCategory[] = ['sbom', 'attestation', 'signature', 'vex', 'other'];

// Order matters: a VEX document in CycloneDX form is a VEX document, a sigstore bundle that signs is a signature.
const rules: readonly (readonly [RegExp, ArtifactCategory])[] = [
  [/openvex|\bvex\b|csaf/, 'vex'],
  [/cyclonedx|spdx|syft|sbom/, 'sbom'],
  [/cosign\.simplesigning|cncf\.notary|sigstore\.bundle|signature|pgp/, 'signature'],
  [/in-toto|intoto|provenance|slsa|dsse|attestation/, 'attestation'],
];

/** The suffixes of cosign's older tags, and what lies behind them. */
export const legacyTagKinds: ReadonlyMap<string, ArtifactCategory> = new Map([
  ['sig', 'signature'],
  ['att', 'attestation'],
  ['sbom', 'sbom'],
]);

/**
 * Sorts an artifact into a category by its artifact type and annotations, or by the older tag that carried it.
 *
 * @remarks A sigstore bundle carries either kind; its annotation `dev.sigstore.bundle.content` tells which.
 * @param tag - cosign's older tag, whose manifests have no type of their own
 */
export function categoryOf(
  artifactType: string | undefined,
  annotations?: Readonly<Record<string, string>>,
  tag?: string,
): ArtifactCategory {
  const byTag = tag === undefined ? undefined : legacyTagKinds.get(tag.slice(tag.lastIndexOf('.') + 1));
  if (byTag !== undefined) return byTag;
  const type = (artifactType ?? '').toLowerCase();
  if (type.includes('sigstore.bundle') && annotations?.['dev.sigstore.bundle.content'] === 'dsse-envelope') {
    return 'attestation';
  }
  return rules.find(([pattern]) => pattern.test(type))?.[1] ?? 'other';
}

/**
 * Lists the categories an artifact of a type may be in, where nothing but the type is known.
 *
 * @param hasLegacyTags - whether it may also be found under one of cosign's older tags
 */
export function categoriesOfType(artifactType: string, hasLegacyTags: boolean): readonly ArtifactCategory[] {
  const all = new Set([categoryOf(artifactType)]);
  if (artifactType.toLowerCase().includes('sigstore.bundle')) all.add('attestation');
  if (hasLegacyTags) for (const category of legacyTagKinds.values()) all.add(category);
  return [...all];
}
