import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { drawMermaid } from '../../../src/cli/report/draw-mermaid.js';
import { escapeMermaid } from '../../../src/cli/report/escape-mermaid.js';
import { growTrees } from '../../../src/cli/report/grow-tree.js';
import type { NodeFacts, ReportView } from '../../../src/cli/report/report-view.js';
import { escapeText } from '../../../src/index.js';

// What Mermaid, Markdown, HTML or a browser would make something of.
const spells = [
  '"',
  '<br/>',
  '<script>',
  'click n0 href "javascript:x"',
  '%%{init: {}}%%',
  '\n',
  '`',
  '**',
  '1. ',
  '- ',
];
const more = [
  'https://x.example',
  'www.x.example',
  'a@x.example',
  'fa:fa-ban',
  '$$x$$',
  'style a:#60;',
  '#quot;',
  '-->',
];
const hostile = fc
  .array(fc.oneof(fc.constantFrom(...spells, ...more), fc.string({ unit: 'binary' })), { maxLength: 6 })
  .map((parts) => parts.join(''));

/** Reads an escaped label as a renderer does. */
const readLabel = (label: string): string =>
  label.replace(/#(\d+);/g, (_entity, code: string) => String.fromCodePoint(Number(code)));

describe('a label', () => {
  test('is made of letters, digits, a few signs between them, and numeric entities', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const label = escapeMermaid(text, 80);
        expect(label).toMatch(/^(?:[A-Za-z0-9./:+ -]|#\d+;)*$/);
        expect(label).not.toMatch(/:\/\/|[Ww]{3}\.|:fa-|style|classDef|^[ ./:+-]|[ ./:+-]$|[ ./:+-]{2}/);
        expect(readLabel(label).replaceAll('\u200B', '')).toBe(escapeText(text, 80));
        expect(readLabel(label)).not.toMatch(/:fa-|\$\$/);
      }),
    );
  });

  test('reads well for what is usual', () => {
    const usual = 'registry.example.com:5000/team/app:1.2';
    expect(escapeMermaid(usual, 80)).toBe(usual);
    expect(escapeMermaid('application/vnd.cyclonedx+json', 80)).toBe('application/vnd.cyclonedx+json');
    expect(escapeMermaid('localhost:5000/app:latest', 80)).toBe('localhost:5000/app#58;latest');
  });
});

const digestOf = (n: number): string => `sha256:${n.toString(16).padStart(64, '0')}`;
const facts = (n: number, name = 'application/spdx+json'): NodeFacts => {
  const kind = n === 0 ? 'image' : 'referrer';
  return {
    kind,
    name,
    digest: digestOf(n),
    size: 500,
    category: n === 0 ? undefined : 'sbom',
    annotations: [],
    notes: [],
  };
};
const view = (roots: readonly NodeFacts[], childrenOf: (node: NodeFacts) => readonly NodeFacts[]): ReportView => {
  const verdict = { tone: 'good', text: 'fine' } as const;
  const rest = { facts: [], categories: [], details: [], findingsDropped: 0, evidence: [], warnings: [] };
  return {
    kind: 'What refers to an image',
    title: 'a',
    id: undefined,
    verdict,
    ...rest,
    ...growTrees(roots, childrenOf),
  };
};

describe('a diagram', () => {
  const line = new RegExp(
    [
      'flowchart LR',
      ' {2}accTitle: [A-Za-z ]+',
      ' {2}%% \\d+ manifests are not drawn; --format html shows more, --format json has all of them',
      ' {2}n\\d+(?:\\(\\["[^"\\n`<>&{}\\\\]*<br/>[^"\\n`<>&{}\\\\]*"\\]\\)|\\["[^"\\n`<>&{}\\\\]*<br/>[^"\\n`<>&{}\\\\]*"\\]):::[a-z]+',
      ' {2}more\\d+\\["[^"\\n`<>&{}\\\\]*"\\]:::more',
      ' {2}n\\d+ (?:-->|-\\.->) (?:n|more)\\d+',
      ' {2}classDef [a-z]+ [a-z0-9#:,\\- ]+',
    ]
      .map((form) => `^${form}$`)
      .join('|'),
  );

  test('has no other lines than ours, whatever types and references say', () => {
    fc.assert(
      fc.property(fc.array(hostile, { minLength: 1, maxLength: 12 }), (names) => {
        const [root = '', ...others] = names;
        const children = others.map((name, index) => facts(index + 1, name));
        const { lines } = drawMermaid(view([facts(0, root)], ({ kind }) => (kind === 'image' ? children : [])));
        for (const each of lines) expect(each).toMatch(line);
      }),
    );
  });

  test('of thousands of referrers stays within what renderers take, and says how many it leaves out', () => {
    const children = Array.from({ length: 6000 }, (_, index) => facts(index + 1, '"'.repeat(500)));
    const { lines, leftOut } = drawMermaid(view([facts(0)], ({ kind }) => (kind === 'image' ? children : [])));
    const boxes = lines.filter((each) => /^ {2}n\d+\["/.test(each)).length;
    expect(boxes).toBeGreaterThan(20);
    expect(boxes + leftOut).toBe(6000);
    expect(lines.join('\n')).toContain(`${leftOut} more manifests#44;#32;not drawn`);
    expect(lines.join('\n').length).toBeLessThan(50_000);
  });

  test('of anything stays within 500 arrows and 50,000 characters', () => {
    const graph = fc.array(fc.array(fc.nat({ max: 399 }), { maxLength: 12 }), { minLength: 400, maxLength: 400 });
    fc.assert(
      fc.property(graph, (below) => {
        const childrenOf = ({ digest }: NodeFacts): NodeFacts[] =>
          (below[Number.parseInt(digest.slice(60), 16)] ?? []).map((n) => facts(n));
        const { lines } = drawMermaid(view([facts(0)], childrenOf));
        expect(
          lines.filter((each) => each.includes('>')).length - lines.filter((each) => each.includes('["')).length,
        ).toBeLessThan(500);
        expect(lines.join('\n').length).toBeLessThan(50_000);
      }),
      { numRuns: 20 },
    );
  });

  test('draws what two lists name once, with everything below it', () => {
    const below: Readonly<Record<string, readonly number[]>> = { 0: [1, 2], 1: [3], 2: [], 3: [2] };
    const childrenOf = ({ digest }: NodeFacts): NodeFacts[] =>
      (below[Number.parseInt(digest.slice(60), 16)] ?? []).map((n) => facts(n));
    const { lines, leftOut } = drawMermaid(view([facts(0)], childrenOf));
    expect(lines.filter((each) => each.includes('-->')).map((each) => each.trim())).toEqual([
      'n0 --> n1',
      'n0 --> n2',
      'n1 --> n3',
      'n3 --> n2',
    ]);
    expect(leftOut).toBe(0);
  });
});

test('a report of more manifests than it has room for says of each place how many are left out', () => {
  const childrenOf = ({ digest }: NodeFacts): NodeFacts[] =>
    digest === digestOf(0) ? [facts(1), facts(2), facts(3)] : [];
  const grown = growTrees([facts(0), facts(4)], childrenOf, { nodes: 3 });
  expect(grown).toMatchObject({ rootsLeftOut: 0, roots: [{ leftOut: 2, children: [{ digest: digestOf(1) }] }, {}] });
  expect(growTrees([facts(0), facts(4)], childrenOf, { nodes: 1 })).toMatchObject({
    rootsLeftOut: 1,
    roots: [{ leftOut: 3 }],
  });
});

test('a report has room for so many characters of annotations, and says how many it has none for', () => {
  const noted = (n: number): NodeFacts => ({
    ...facts(n),
    annotations: [
      ['name', 'x'.repeat(10_000)],
      ['b', 'c'],
    ],
  });
  // A text of any length takes as much room as is shown of it: 516 of these are the first one.
  const [root] = growTrees([noted(0)], () => [], { annotationLength: 517 }).roots;
  expect([root?.annotations.length, root?.annotationsLeftOut]).toEqual([1, 1]);
  const all = growTrees([noted(0), noted(1)], () => [], { annotationLength: 518 }).roots;
  expect(all.map(({ annotationsLeftOut }) => annotationsLeftOut)).toEqual([0, 2]);
});
