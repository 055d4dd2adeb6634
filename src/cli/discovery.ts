import type { Descriptor, Platform, ReferrersGraph, ReferrersList, Resolved } from '../index.js';
import { type ReferrerView, viewOf } from './referrer-view.js';

/** A manifest of an index. */
export interface ChildView {
  readonly digest: string;
  readonly size: number;
  readonly platform?: Platform | undefined;
}

/** What refers to one manifest, and which endpoint said so. */
export interface SubjectView {
  readonly digest: string;
  readonly source: ReferrersList['source'];
  readonly host: string;
  readonly referrers: readonly ReferrerView[];
  /** How many more there are, left out by `--artifact-type` or, with a warning, because they name another subject. */
  readonly filtered: number;
  /** Manifests below it, where it is an index that was followed. */
  readonly manifests: readonly ChildView[];
}

/** The answer of `discover`; `--format json` prints it as it is. */
export interface Discovery {
  readonly reference: string;
  /** The reference pinned by digest. */
  readonly name: string;
  readonly digest: string;
  readonly mediaType: string;
  readonly size: number;
  readonly subjects: readonly SubjectView[];
  readonly warnings: readonly string[];
}

/**
 * Makes the answer from one list.
 *
 * @param artifactTypes - types to keep; all when absent. What is left out is counted, so the list comes unfiltered
 */
export function fromList(
  reference: string,
  resolved: Resolved,
  list: ReferrersList,
  artifactTypes: readonly string[] | undefined,
): Discovery {
  const all = [
    ...list.referrers.map((descriptor) => viewOf(descriptor)),
    ...list.legacy.map(({ tag, descriptor }) => viewOf(descriptor, tag)),
  ];
  const referrers = all.filter(({ artifactType = '' }) => artifactTypes?.includes(artifactType) ?? true);
  const { source, host, warnings } = list;
  const filtered = all.length - referrers.length;
  const subject = { digest: resolved.descriptor.digest, source, host, referrers, filtered, manifests: [] };
  return { ...describe(reference, resolved, resolved.descriptor), subjects: [subject], warnings };
}

/** Makes the answer from a closure. */
export function fromGraph(reference: string, resolved: Resolved, graph: ReferrersGraph): Discovery {
  const subjects = graph.subjects.map(({ subject, source, host, referrers, filtered, tags }) => ({
    digest: subject.digest,
    source,
    host,
    referrers: referrers.map((descriptor) => viewOf(descriptor, tags.get(descriptor.digest))),
    filtered,
    manifests: childrenOf(graph, subject.digest),
  }));
  const root = graph.nodes.get(graph.root.digest)?.descriptor ?? graph.root;
  return { ...describe(reference, resolved, root), subjects, warnings: graph.warnings };
}

function describe(reference: string, { name }: Resolved, root: Descriptor): Omit<Discovery, 'subjects' | 'warnings'> {
  return { reference, name, digest: root.digest, mediaType: root.mediaType, size: root.size };
}

function childrenOf(graph: ReferrersGraph, digest: string): readonly ChildView[] {
  const parsed = graph.nodes.get(digest)?.parsed;
  if (parsed?.kind !== 'index') return [];
  const followed = parsed.index.manifests.filter((child) => graph.nodes.has(child.digest));
  return followed.map((child) => ({
    digest: child.digest,
    size: child.size,
    ...(child.platform === undefined ? {} : { platform: child.platform }),
  }));
}

/** Names a manifest of an index by its platform, as the index has it. */
export function nameOfChild({ platform }: ChildView): string {
  if (platform === undefined) return 'manifest';
  const variant = platform.variant === undefined ? '' : `/${platform.variant}`;
  return `${platform.os}/${platform.architecture}${variant}`;
}
