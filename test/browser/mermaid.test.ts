import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { drawMermaid } from '../../src/cli/report/draw-mermaid.js';
import { growTrees } from '../../src/cli/report/grow-tree.js';
import type { NodeFacts } from '../../src/cli/report/report-view.js';
import { escapeText } from '../../src/index.js';
import { openBrowser } from './support/open-browser.js';
import { hostileTexts, reordering } from './support/pages.js';

const installed = new URL('./mermaid', import.meta.url).pathname;
const renderer = join(installed, 'node_modules', 'mermaid', 'dist', 'mermaid.min.js');
let browser: Browser;
beforeAll(async () => {
  if (!existsSync(renderer)) throw new Error('Mermaid is not there: npm ci --prefix test/browser/mermaid');
  browser = await openBrowser();
});
afterAll(async () => {
  await browser.close();
});

/** What Mermaid, or Markdown in its labels, would make something of. */
const spells = [
  ...[
    '1. one',
    '- one',
    '# one',
    '**b**',
    '_i_',
    '`c`',
    '"]',
    '--> x',
    'end',
    'a;b',
    '%%{init: {"securityLevel":"loose"}}%%',
  ],
  ...[
    'click n0 call alert()',
    'style n0 fill:#f00;',
    'classDef x fill:#60;',
    'fa:fa-ban',
    '$$x^2$$',
    '#quot;',
    '#60;b#62;',
  ],
  ...[
    'www.example.com',
    'a@example.com',
    'mailto:a@example.com',
    '<br/>',
    '&lt;',
    '  two  spaces  ',
    'line\nline',
    '😀',
    '',
  ],
];
const names = [...hostileTexts, reordering, ...spells, 'x'.repeat(10_000), 'application/vnd.cyclonedx+json'];

const facts = (n: number, name: string): NodeFacts => {
  const digest = `sha256:${n.toString(16).padStart(64, '0')}`;
  const kind = n === 0 ? 'image' : 'referrer';
  return { kind, name, digest, size: 500, category: n === 0 ? undefined : 'sbom', annotations: [], notes: [] };
};

/** Draws an image with referrers of these types. */
function draw(types: readonly string[]): string {
  const children = types.map((type, index) => facts(index + 1, type));
  const grown = growTrees([facts(0, 'app:1')], ({ kind }) => (kind === 'image' ? children : []));
  const verdict = { tone: 'good', text: 'fine' } as const;
  const rest = { facts: [], categories: [], details: [], findingsDropped: 0, evidence: [], warnings: [] };
  return drawMermaid({
    kind: 'What refers to an image',
    title: '',
    id: undefined,
    verdict,
    ...rest,
    ...grown,
  }).lines.join('\n');
}

interface Rendered {
  /** Text of each box, by its number. */
  readonly labels: Readonly<Record<string, string>>;
  /** Elements that only markup of somebody else's could have made. */
  readonly strangers: readonly string[];
  readonly arrows: number;
}

async function render(page: Page, diagram: string): Promise<Rendered> {
  return await page.evaluate(`(async () => {
    document.body.innerHTML = (await mermaid.render('d' + Date.now(), ${JSON.stringify(diagram)})).svg;
    const boxes = [...document.querySelectorAll('.node')].filter((box) => /-n\\d+-\\d+$/.test(box.id));
    return {
      labels: Object.fromEntries(boxes.map((box) => [/-(n\\d+)-\\d+$/.exec(box.id)[1], box.textContent])),
      strangers: [...document.body.querySelectorAll('a, script, img, iframe, i, b, em, strong, code, ol, ul, h1, .katex')].map((e) => e.outerHTML.slice(0, 80)),
      arrows: document.querySelectorAll('.edgePaths path').length,
    };
  })()`);
}

async function openRenderer(securityLevel: string): Promise<{ page: Page; requests: string[] }> {
  const page = await browser.newPage();
  const requests: string[] = [];
  await page.addScriptTag({ path: renderer });
  page.on('request', (request) => requests.push(request.url()));
  await page.evaluate(`mermaid.initialize({ startOnLoad: false, securityLevel: '${securityLevel}' })`);
  return { page, requests };
}

describe.each(['strict', 'loose'])('a renderer that is %s', (securityLevel) => {
  test('shows what a registry said as it is, and makes nothing else of it', async () => {
    const { page, requests } = await openRenderer(securityLevel);
    const { labels, strangers, arrows } = await render(page, draw(names));
    const expected = names.map((name, index) => {
      const digest = `sha256:${(index + 1).toString(16).padStart(64, '0')}`.slice(0, 19);
      return `${escapeText(name, 80)}sbom ${digest} 500 B`;
    });
    expect(names.map((_name, index) => labels[`n${index + 1}`]?.replaceAll('\u200B', ''))).toEqual(expected);
    expect([strangers, arrows]).toEqual([[], names.length]);
    expect(await page.evaluate('window.pwned')).toBe(undefined);
    expect(requests).toEqual([]);
    await page.close();
  });
});

test('a renderer takes any types', async () => {
  const { page } = await openRenderer('strict');
  const texts = fc.array(fc.string({ unit: 'binary', maxLength: 40 }), { minLength: 40, maxLength: 40 });
  for (const types of fc.sample(texts, 3)) {
    const { labels } = await render(page, draw(types));
    for (const [index, type] of types.entries()) {
      expect(labels[`n${index + 1}`]?.replaceAll('\u200B', '')).toContain(escapeText(type, 80));
    }
  }
  await page.close();
});

test('a renderer draws what is left of 6,000 referrers within its own limits', async () => {
  const { page } = await openRenderer('strict');
  const { labels } = await render(page, draw(Array.from({ length: 6000 }, (_, n) => `application/vnd.${n}+json`)));
  expect(Object.keys(labels)).toHaveLength(200);
  expect(await page.locator('body').innerText()).toContain('5801 more manifests, not drawn');
  await page.close();
});
