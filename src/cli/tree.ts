/** One line of a tree. */
export interface TreeItem {
  /** What it is; the second time the same comes up, what is below it is not drawn again. */
  readonly key: string;
  readonly text: string;
  /** The same in fewer words, for where the line would be too wide; each shorter than the one before it. */
  readonly narrower?: readonly string[] | undefined;
}

/** Deeper than any closure that can be discovered. */
export const maxTreeDepth = 64;

/**
 * Draws a tree, its root at the margin.
 *
 * @param childrenOf - what is below an item; may lead back to the item itself
 * @param width - of a terminal, which a wider line would break
 */
export function drawTree(
  root: TreeItem,
  childrenOf: (item: TreeItem) => readonly TreeItem[],
  width: number = Number.POSITIVE_INFINITY,
): string[] {
  const lines = [root.text];
  const drawn = new Set([root.key]);
  const drawChildren = (parent: TreeItem, margin: string, depth: number): void => {
    const children = childrenOf(parent);
    for (const [index, child] of children.entries()) {
      const isLast = index === children.length - 1;
      const branch = `${margin}${isLast ? '└── ' : '├── '}`;
      const texts = [child.text, ...(child.narrower ?? [])];
      const line = branch + (texts.find((text) => branch.length + text.length <= width) ?? texts.at(-1) ?? '');
      const hasMore = childrenOf(child).length > 0;
      if (hasMore && drawn.has(child.key)) {
        lines.push(`${line}  (more above)`);
      } else if (hasMore && depth >= maxTreeDepth) {
        lines.push(`${line}  (more below)`);
      } else {
        lines.push(line);
        drawn.add(child.key);
        drawChildren(child, `${margin}${isLast ? '    ' : '│   '}`, depth + 1);
      }
    }
  };
  drawChildren(root, '', 1);
  return lines;
}
