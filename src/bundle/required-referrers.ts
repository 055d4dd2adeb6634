import { BundleError } from '../errors/index.js';
import { escapeText } from '../oci/escape.js';
import type { ReferrersGraph } from '../referrers/graph.js';
import { compareText } from './canonical-json.js';
import { imageParts } from './image-parts.js';
import type { CollectedImage } from './plan-content.js';
import type { RequiredReferrer } from './record.js';

/** How many types a message lists. */
const shownTypes = 10;

/**
 * Checks that every image has the referrers that are required of it.
 *
 * @remarks A referrer counts when it refers to the image itself or to a manifest below its index: a signature of an SBOM
 * is not a signature of the image.
 * @throws {@link BundleError} `ERR_OCI_REQUIRED_MISSING` naming what is missing and what was found
 */
export function assertRequired(images: readonly CollectedImage[], required: readonly RequiredReferrer[]): void {
  if (required.length === 0) return;
  const faults = images.flatMap(({ reference, graph }) => {
    const found = countTypes(graph);
    const missing = required.filter(({ artifactType, min }) => (found.get(artifactType) ?? 0) < min);
    return missing.map(
      ({ artifactType, min }) =>
        `${reference} has ${found.get(artifactType) ?? 0} of ${min} referrers of type ${escapeText(artifactType)} (found: ${listTypes(found)})`,
    );
  });
  if (faults.length === 0) return;
  throw new BundleError('ERR_OCI_REQUIRED_MISSING', `planning a bundle: ${faults.join('; ')}`, {
    hint: 'attach what is missing and export again, or require less (requireReferrers, --require); discover shows what an image has',
  });
}

/** Counts the referrers of an image by type, each digest once however many manifests it is listed for. */
function countTypes(graph: ReferrersGraph): ReadonlyMap<string, number> {
  const parts = imageParts(graph.root.digest, (digest) => graph.nodes.get(digest)?.parsed);
  const referrers = graph.subjects.filter(({ subject }) => parts.has(subject.digest)).flatMap((list) => list.referrers);
  const counts = new Map<string, number>();
  for (const { artifactType = '' } of new Map(referrers.map((referrer) => [referrer.digest, referrer])).values()) {
    counts.set(artifactType, (counts.get(artifactType) ?? 0) + 1);
  }
  return counts;
}

function listTypes(counts: ReadonlyMap<string, number>): string {
  const shown = [...counts]
    .sort(([a], [b]) => compareText(a, b))
    .map(([type, count]) => `${count} ${escapeText(type) || 'without type'}`);
  if (shown.length === 0) return 'nothing';
  const more = shown.length > shownTypes ? `, and ${shown.length - shownTypes} more types` : '';
  return shown.slice(0, shownTypes).join(', ') + more;
}
