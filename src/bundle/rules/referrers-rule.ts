import { categoryOf } from '../../oci/artifact-kind.js';
import { annotationsOf, artifactTypeOf, type Manifest, subjectOf } from '../../oci/manifest.js';
import { isLegacyTag } from '../../oci/referrers-tag.js';
import { canonicalJson, textMap } from '../canonical-json.js';
import type { FindingReport } from '../finding.js';
import type { BundleArtifact, BundleSubject } from '../record.js';
import type { ValidationContext, ValidationRule } from '../validation-rule.js';

/** Checks every list of referrers against the manifests it names: file, subject, types, size and annotations. */
export const referrersRule: ValidationRule = {
  id: 'referrers',
  onEnd(context) {
    const { record, manifests, expected, report } = context;
    const listed = new Set<string>();
    for (const list of record.referrers.subjects) {
      for (const artifact of list.artifacts) {
        listed.add(artifact.path);
        const finding = missingFile(context, list, artifact);
        if (finding !== undefined) report(finding);
        const manifest = manifests.get(artifact.digest);
        if (manifest !== undefined) for (const fault of compare(list, artifact, manifest)) report(fault);
      }
    }
    for (const path of expected.keys()) {
      if (!path.startsWith('referrers/') || listed.has(path)) continue;
      report({ code: 'ReferrerUnexpected', path, message: 'a file is in no list of referrers' });
    }
  },
};

function missingFile(
  { expected, seen }: ValidationContext,
  list: BundleSubject,
  artifact: BundleArtifact,
): FindingReport | undefined {
  const { digest, path, size, sha256 } = artifact;
  const about = { path, digest, subject: list.subject, image: list.reference };
  const entry = expected.get(path);
  if (entry === undefined) {
    const message = 'a list names a referrer, and bundle.json has no entry for its file';
    return { code: 'ReferrerMissing', message, ...about };
  }
  if (entry.size !== size) {
    const message = 'the file of a referrer has another size than its list says';
    return { code: 'ReferrerSizeMismatch', message, ...about, expected: String(size), actual: String(entry.size) };
  }
  const found = seen.get(path);
  // For a sha256 referrer this is the entry's own digest; here it is the sum that the list gives for a sha512 one.
  if (found === undefined || found.digest !== digest || found.sha256 === sha256) return undefined;
  const message = 'the file of a referrer has another sha256 than its list says';
  return { code: 'ReferrerChecksumMismatch', message, ...about, expected: sha256, actual: found.sha256 };
}

function* compare(list: BundleSubject, artifact: BundleArtifact, manifest: Manifest): Generator<FindingReport> {
  const { digest, path } = artifact;
  const about = { path, digest, subject: list.subject, image: list.reference };
  const subject = subjectOf(manifest)?.digest;
  if (!isSubject(list.subject, artifact, subject)) {
    const message = `a referrer refers to ${subject === undefined ? 'nothing' : 'another manifest'}, not to the subject of its list`;
    yield { code: 'ReferrerSubjectMismatch', message, ...about, expected: list.subject, actual: subject ?? 'none' };
  }
  if (subject !== undefined && artifact.tag !== undefined) {
    const message = 'a referrer names its subject, and has a tag that only a manifest without subject may have';
    yield { code: 'ReferrerSubjectMismatch', message, ...about, expected: 'no tag', actual: artifact.tag };
  }
  const code = manifest.kind === 'index' ? 'OciIndexInvalid' : 'OciManifestInvalid';
  const artifactType = artifactTypeOf(manifest);
  const annotations = annotationsOf(manifest);
  const facts: readonly (readonly [string, string | undefined, string | undefined])[] = [
    ['mediaType', artifact.mediaType, manifest.mediaType],
    ['artifactType', artifact.artifactType, artifactType],
    ['category', artifact.category, categoryOf(artifactType, annotations, artifact.tag)],
    ['annotations', show(artifact.annotations), show(annotations)],
  ];
  for (const [name, expected, actual] of facts) {
    if (expected === actual) continue;
    const message = `a referrer has ${name === 'annotations' ? 'other' : 'another'} ${name} than its list says`;
    yield { code, message, ...about, expected: expected ?? 'none', actual: actual ?? 'none' };
  }
}

/** What lies under cosign's older tags names no subject; its tag does. What names one is found without a tag. */
function isSubject(expected: string, { tag }: BundleArtifact, actual: string | undefined): boolean {
  return actual === undefined ? tag !== undefined && isLegacyTag(tag, expected) : actual === expected;
}

function show(annotations: Readonly<Record<string, string>> | undefined): string | undefined {
  return annotations === undefined ? undefined : canonicalJson(textMap(annotations), false);
}
