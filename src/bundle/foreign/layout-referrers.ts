import { OciError } from '../../errors/index.js';
import type { Descriptor } from '../../oci/descriptor.js';
import { imageName, refName } from '../../oci/image-layout.js';
import { artifactTypeOf, type Manifest, manifestsBelow, parseManifest, subjectOf } from '../../oci/manifest.js';
import { isIndexType, mediaTypes } from '../../oci/media-types.js';
import { referrersTag } from '../../oci/referrers-tag.js';
import { blobPath } from '../entry-paths.js';
import { imageParts } from '../image-parts.js';
import { StepBudget } from '../step-budget.js';
import type { LayoutGraph } from './layout-graph.js';
import type { LayoutRun } from './layout-run.js';
import type { LayoutSummary, LayoutSummaryReferrer } from './layout-summary.js';

/** An entry of index.json. */
export interface RootEntry {
  readonly descriptor: Descriptor;
  readonly name: string | undefined;
  /** Set for an index of the referrers tag schema. */
  readonly tag: string | undefined;
}

/** Reads names and referrers tags off the entries of index.json. */
export function rootsOf(entries: readonly Descriptor[]): readonly RootEntry[] {
  return entries.map((descriptor) => {
    const { annotations = {}, mediaType } = descriptor;
    const name = annotations[imageName] ?? annotations[refName];
    const tag = /(?:^|:)(sha(?:256|512)-[a-f0-9]{64})$/.exec(annotations[refName] ?? '')?.[1];
    return { descriptor, name, tag: isIndexType(mediaType) ? tag : undefined };
  });
}

const conventions = ['untagged', 'tag-schema'] as const;

interface Found {
  readonly subject: string;
  readonly artifactType: string | undefined;
  readonly foundBy: Set<'untagged' | 'tag-schema'>;
}

/** Collects what refers to something, by either convention, and says what each convention gets wrong. */
export function collectReferrers(run: LayoutRun, graph: LayoutGraph): LayoutSummary {
  const { roots, manifests, reached } = graph;
  const found = new Map<string, Found>();
  for (const [digest, manifest] of manifests) add(found, digest, manifest);
  for (const { descriptor, tag } of roots) {
    if (tag === undefined) found.get(descriptor.digest)?.foundBy.add('untagged');
    else checkList(run, graph, descriptor.digest, tag, found);
  }
  addOrphans(run, reached, found);
  const images = roots.filter(({ descriptor, tag }) => tag === undefined && !found.has(descriptor.digest));
  const referrers = [...found].map(([digest, { subject, artifactType, foundBy }]): LayoutSummaryReferrer => {
    return {
      digest,
      subject,
      ...(artifactType === undefined ? {} : { artifactType }),
      foundBy: conventions.filter((one) => foundBy.has(one)),
    };
  });
  return {
    images: images.map(({ name, descriptor: { digest, mediaType, size } }) => {
      return { ...(name === undefined ? {} : { name }), digest, mediaType, size };
    }),
    referrers,
    unreferenced: [...run.blobs.keys()].filter((digest) => !reached.has(digest)).length,
    otherFiles: run.otherFiles,
  };
}

function add(found: Map<string, Found>, digest: string, manifest: Manifest): void {
  const subject = subjectOf(manifest)?.digest;
  if (subject === undefined) return;
  found.set(digest, { subject, artifactType: artifactTypeOf(manifest), foundBy: new Set() });
}

/** Everything that the index under a referrers tag lists has to refer to that subject. */
function checkList(
  run: LayoutRun,
  { manifests }: LayoutGraph,
  index: string,
  tag: string,
  found: Map<string, Found>,
): void {
  const list = manifests.get(index);
  for (const { digest } of list === undefined ? [] : manifestsBelow(list)) {
    const referrer = found.get(digest);
    if (referrer !== undefined && referrersTag(referrer.subject) === tag) {
      referrer.foundBy.add('tag-schema');
      continue;
    }
    // What could not be read has been reported.
    if (!manifests.has(digest)) continue;
    const message = 'a manifest is listed under a referrers tag and does not refer to that subject';
    const actual = referrer === undefined ? 'none' : referrersTag(referrer.subject);
    run.report({ code: 'ReferrerSubjectMismatch', message, path: blobPath(digest), digest, expected: tag, actual });
  }
}

/** Referrers that are in the file, and that nobody who reads it will find. */
function addOrphans(run: LayoutRun, reached: ReadonlySet<string>, found: Map<string, Found>): void {
  for (const [digest, { bytes }] of run.blobs) {
    if (bytes === undefined || reached.has(digest)) continue;
    const manifest = run.values.take(bytes) === undefined ? tryParse(bytes) : undefined;
    if (manifest === undefined) continue;
    add(found, digest, manifest);
    const subject = subjectOf(manifest)?.digest;
    if (subject === undefined) continue;
    const message = 'a referrer is in the layout, and nothing in index.json leads to it';
    run.report({ code: 'OrphanedReferrer', message, path: blobPath(digest), digest, subject });
  }
}

function tryParse(bytes: Buffer): Manifest | undefined {
  for (const type of [mediaTypes.ociManifest, mediaTypes.ociIndex]) {
    try {
      return parseManifest(bytes, type, 'a blob');
    } catch (error) {
      if (!(error instanceof OciError)) throw error;
    }
  }
  return undefined;
}

/** Counts the referrers of each image by type, those of its platforms included, and compares with what is required. */
export function checkRequired(run: LayoutRun, { manifests }: LayoutGraph, { images, referrers }: LayoutSummary): void {
  const steps = new StepBudget();
  for (const { artifactType, min } of run.settings.requireReferrers) {
    for (const { digest, name } of images) {
      const parts = imageParts(digest, (part) => (steps.take() ? manifests.get(part) : undefined));
      const count = referrers.filter(
        (one) => steps.take() && one.artifactType === artifactType && parts.has(one.subject),
      ).length;
      if (steps.isSpent) {
        run.report(steps.finding);
        return;
      }
      if (count >= min) continue;
      const message = `the image has too few referrers of type ${artifactType}`;
      const about = { subject: digest, image: name, expected: String(min), actual: String(count) };
      run.report({ code: 'ReferrerRequiredMissing', message, ...about });
    }
  }
}
