import { maxTreeDepth } from '../tree.js';
import type { NodeFacts, NodeView } from './report-view.js';

/** How many manifests a report shows: more than one list may have, and few enough for a browser to open them at once. */
export const maxReportNodes = 20_000;

/** A tree of manifests of which some may have had to be left out. */
export interface Grown {
  readonly roots: readonly NodeView[];
  readonly rootsLeftOut: number;
}

/**
 * Makes trees of what is below each image, under the same rules as those of a terminal: what comes up a second time in a
 * tree is not shown with everything below it again, and a tree has no more than so many levels.
 *
 * @param childrenOf - what is below a manifest in the tree of a root; may lead back to the manifest itself
 */
export function growTrees(
  roots: readonly NodeFacts[],
  childrenOf: (node: NodeFacts, root: NodeFacts) => readonly NodeFacts[],
  maxNodes: number = maxReportNodes,
): Grown {
  let room = maxNodes;
  const grow = (facts: NodeFacts, root: NodeFacts, grown: Set<string>, depth: number): NodeView => {
    const below = childrenOf(facts, root);
    const children: NodeView[] = [];
    if (below.length === 0) return { ...facts, children, leftOut: 0 };
    if (grown.has(facts.digest)) return { ...facts, children, leftOut: 0, elsewhere: 'above' };
    if (depth > maxTreeDepth) return { ...facts, children, leftOut: 0, elsewhere: 'deeper' };
    grown.add(facts.digest);
    // Room is given to all children before one of them takes what is left for those below it.
    const shown = below.slice(0, room);
    room -= shown.length;
    for (const child of shown) children.push(grow(child, root, grown, depth + 1));
    return { ...facts, children, leftOut: below.length - shown.length };
  };
  const shown = roots.slice(0, room);
  room -= shown.length;
  const trees = shown.map((root) => grow(root, root, new Set(), 1));
  return { roots: trees, rootsLeftOut: roots.length - shown.length };
}
