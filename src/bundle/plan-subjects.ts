import { ProtocolError } from '../errors/index.js';
import { categoryOf } from '../oci/artifact-kind.js';
import type { Descriptor } from '../oci/descriptor.js';
import { digestOf, parseDigest } from '../oci/digest.js';
import { subjectOf } from '../oci/manifest.js';
import type { GraphSubject, ReferrersGraph } from '../referrers/graph.js';
import { compareText } from './canonical-json.js';
import { referrerPath } from './entry-paths.js';
import type { CollectedImage } from './plan-content.js';
import type { BundleArtifact, BundleSubject } from './record.js';

/**
 * Makes the lists of referrers a bundle records, one per repository and subject.
 *
 * @remarks Two images of one repository can lead to the same subject. Their lists must then agree, unless discovery
 * failed for one of them and the writer was told to go on.
 * @throws {@link ProtocolError} `ERR_OCI_REFERRERS_INCONSISTENT` when they do not
 */
export function planSubjects(images: readonly CollectedImage[]): readonly BundleSubject[] {
  const lists = new Map<string, BundleSubject>();
  for (const { reference, repository, graph } of images) {
    for (const subject of graph.subjects) {
      const key = `${repository}@${subject.subject.digest}`;
      const list = subjectList(subject, reference, graph);
      const known = lists.get(key);
      lists.set(key, known === undefined ? list : unite(known, list));
    }
  }
  return [...lists.values()];
}

function subjectList(found: GraphSubject, reference: string, graph: ReferrersGraph): BundleSubject {
  const subject = found.subject.digest;
  const artifacts = found.referrers.map((referrer) => artifactOf(referrer, found, graph));
  return {
    subject,
    reference,
    discovery: {
      source: found.source,
      host: found.host,
      complete: found.complete,
      found: found.found,
      included: artifacts.length,
      filtered: found.filtered,
    },
    artifacts,
  };
}

function artifactOf(referrer: Descriptor, list: GraphSubject, graph: ReferrersGraph): BundleArtifact {
  const { digest, mediaType, size, artifactType, annotations } = referrer;
  const node = graph.nodes.get(digest);
  if (node === undefined) throw new TypeError(`the graph lists ${digest} and does not hold it`);
  const { algorithm, encoded } = parseDigest(digest);
  // What names its subject is listed wherever it is pushed, and needs no tag.
  const tag = subjectOf(node.parsed) === undefined ? list.tags.get(digest) : undefined;
  return {
    digest,
    artifactType,
    mediaType,
    size,
    path: referrerPath(list.subject.digest, digest),
    sha256: algorithm === 'sha256' ? encoded : parseDigest(digestOf(node.bytes)).encoded,
    category: categoryOf(artifactType, annotations, tag),
    tag,
    annotations,
  };
}

function unite(a: BundleSubject, b: BundleSubject): BundleSubject {
  const [base, other] = b.discovery.complete && !a.discovery.complete ? [b, a] : [a, b];
  const known = new Set(base.artifacts.map(({ digest }) => digest));
  const added = other.artifacts.filter(({ digest }) => !known.has(digest));
  const isSame = added.length === 0 && other.artifacts.length === base.artifacts.length;
  if (isSame) return base;
  if (a.discovery.complete && b.discovery.complete) throw listChanged(a, b);
  const artifacts = [...base.artifacts, ...added].sort((x, y) => compareText(x.digest, y.digest));
  const found = Math.max(a.discovery.found, b.discovery.found, artifacts.length);
  return { ...base, discovery: { ...base.discovery, found, included: artifacts.length }, artifacts };
}

function listChanged(a: BundleSubject, b: BundleSubject): ProtocolError {
  return new ProtocolError(
    'ERR_OCI_REFERRERS_INCONSISTENT',
    `planning a bundle: the referrers of ${a.subject} were ${a.artifacts.length} for ${a.reference} and ${b.artifacts.length} for ${b.reference} a moment later`,
    { hint: 'something is being pushed to this repository; run the export again once that has ended' },
  );
}
