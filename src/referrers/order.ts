import type { Descriptor } from '../oci/descriptor.js';
import { manifestsBelow } from '../oci/manifest.js';
import type { GraphNode, GraphSubject } from './graph.js';

/** Puts the lists of a walk into one fixed order: depth first from the root, children before referrers. */
export function orderSubjects(
  root: Descriptor,
  nodes: ReadonlyMap<string, GraphNode>,
  subjects: ReadonlyMap<string, GraphSubject>,
): readonly GraphSubject[] {
  const ordered: GraphSubject[] = [];
  const seen = new Set<string>();
  const stack: string[] = [root.digest];
  for (let digest = stack.pop(); digest !== undefined; digest = stack.pop()) {
    const node = nodes.get(digest);
    if (node === undefined || seen.has(digest)) continue;
    seen.add(digest);
    const subject = subjects.get(digest);
    if (subject !== undefined) ordered.push(subject);
    const next = [...manifestsBelow(node.parsed), ...(subject?.referrers ?? [])];
    stack.push(...next.map((descriptor) => descriptor.digest).reverse());
  }
  return ordered;
}
