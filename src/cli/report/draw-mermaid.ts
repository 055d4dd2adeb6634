import { countOf } from '../format-size.js';
import { countBelow, MermaidSheet } from './mermaid-sheet.js';
import type { NodeView, ReportView } from './report-view.js';

/** Colours of a diagram's own, that can be read on a light and on a dark page. */
const styles = [
  'classDef image fill:#1f3044,stroke:#8a9099,color:#ffffff',
  'classDef manifest fill:#f4f4f2,stroke:#8a9099,color:#1c1e21',
  'classDef sbom fill:#e2eefb,stroke:#134f8f,color:#134f8f',
  'classDef signature fill:#eee8fb,stroke:#5b3a9b,color:#5b3a9b',
  'classDef attestation fill:#ddf3f0,stroke:#0f5e57,color:#0f5e57',
  'classDef vex fill:#fbeed9,stroke:#7f4900,color:#7f4900',
  'classDef other fill:#ebecee,stroke:#4a5058,color:#4a5058',
  'classDef more fill:#ffffff,stroke:#8a9099,color:#4a5058,stroke-dasharray:4 3',
] as const;

/** A diagram, and what it has no room for. */
export interface MermaidDiagram {
  readonly lines: readonly string[];
  /** How many manifests of the report it does not show. */
  readonly leftOut: number;
}

interface Box {
  readonly node: NodeView;
  readonly id: string;
  /** Number of the image it was reached from: another repository may list other referrers of the same manifest. */
  readonly tree: number;
}

/**
 * Draws a report as a Mermaid flowchart, which many pages show as a picture: each manifest of an image once.
 *
 * @remarks What is nearest to the images comes first. A renderer refuses what is too large; a box says what is left out.
 */
export function drawMermaid({ kind, roots, rootsLeftOut }: ReportView): MermaidDiagram {
  const sheet = new MermaidSheet();
  const queue: Box[] = [];
  const followed = new Set<string>();
  let leftOut = 0;
  const place = (node: NodeView, tree: number, parent: string | undefined): number => {
    const key = parent === undefined ? `image ${tree}` : `${tree} ${node.digest}`;
    const id = sheet.place(node, key, parent);
    if (id === undefined) return countBelow(node);
    // What comes up a second time may be the one that has everything below it.
    if (node.children.length + node.leftOut > 0 && !followed.has(id)) {
      followed.add(id);
      queue.push({ node, id, tree });
    } else if (node.elsewhere === 'deeper') {
      sheet.placeMore('more below', id);
      leftOut += 1;
    }
    return 0;
  };
  const say = (count: number, parent: string | undefined): void => {
    leftOut += count;
    if (count > 0) sheet.placeMore(`${countOf(count, 'more manifest')}, not drawn`, parent);
  };
  say(
    roots.reduce((sum, root, tree) => sum + place(root, tree, undefined), rootsLeftOut),
    undefined,
  );
  for (const { node, id, tree } of queue) {
    say(
      node.children.reduce((sum, child) => sum + place(child, tree, id), node.leftOut),
      id,
    );
  }
  return {
    lines: ['flowchart LR', ...remarks(kind, leftOut), ...[...sheet.lines, ...styles].map((line) => `  ${line}`)],
    leftOut,
  };
}

function remarks(kind: string, leftOut: number): readonly string[] {
  const title = `  accTitle: ${kind}`;
  if (leftOut === 0) return [title];
  return [title, `  %% ${leftOut} manifests are not drawn; --format html shows more, --format json has all of them`];
}
