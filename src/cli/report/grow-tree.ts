import { maxTreeDepth } from '../tree.js';
import type { NodeFacts, NodeView } from './report-view.js';

/** How many manifests a report shows: more than one list may have, and few enough for a browser to open them at once. */
export const maxReportNodes = 20_000;

/**
 * Characters of all annotations that a report shows. A list may have gigabytes of them: one string cannot hold so much, and
 * writing it keeps Ctrl-C waiting.
 */
export const maxAnnotationLength: number = 8 * 1024 * 1024;
/** As much as is shown of one text, at most. */
const shownLength = 512;

/** How much a report has room for. */
export interface ReportRoom {
  readonly nodes?: number | undefined;
  readonly annotationLength?: number | undefined;
}

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
 * @param room - for manifests, and for characters of their annotations
 */
export function growTrees(
  roots: readonly NodeFacts[],
  childrenOf: (node: NodeFacts, root: NodeFacts) => readonly NodeFacts[],
  { nodes = maxReportNodes, annotationLength = maxAnnotationLength }: ReportRoom = {},
): Grown {
  let room = nodes;
  let lengthLeft = annotationLength;
  const cut = (facts: NodeFacts): NodeFacts & Pick<NodeView, 'annotationsLeftOut'> => {
    const annotations = facts.annotations.filter((texts) => {
      const length = texts.reduce((sum, text) => sum + Math.min(text.length, shownLength), 0);
      const fits = length <= lengthLeft;
      lengthLeft = fits ? lengthLeft - length : 0;
      return fits;
    });
    return { ...facts, annotations, annotationsLeftOut: facts.annotations.length - annotations.length };
  };
  const grow = (facts: NodeFacts, root: NodeFacts, grown: Set<string>, depth: number): NodeView => {
    const below = childrenOf(facts, root);
    const children: NodeView[] = [];
    const own = cut(facts);
    if (below.length === 0) return { ...own, children, leftOut: 0 };
    if (grown.has(facts.digest)) return { ...own, children, leftOut: 0, elsewhere: 'above' };
    if (depth > maxTreeDepth) return { ...own, children, leftOut: 0, elsewhere: 'deeper' };
    grown.add(facts.digest);
    // Room is given to all children before one of them takes what is left for those below it.
    const shown = below.slice(0, room);
    room -= shown.length;
    for (const child of shown) children.push(grow(child, root, grown, depth + 1));
    return { ...own, children, leftOut: below.length - shown.length };
  };
  const shown = roots.slice(0, room);
  room -= shown.length;
  const trees = shown.map((root) => grow(root, root, new Set(), 1));
  return { roots: trees, rootsLeftOut: roots.length - shown.length };
}
