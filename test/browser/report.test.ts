import { readFile, stat, writeFile } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { drawHtml } from '../../src/cli/report/draw-html.js';
import { viewDiscovery } from '../../src/cli/report/view-discovery.js';
import { escapeText } from '../../src/index.js';
import { createWorkspace, type Workspace } from '../unit/cli/support.js';
import { measureContrast } from './support/contrast.js';
import { openBrowser, openFile, type Screen, screens } from './support/open-browser.js';
import { discoveryOf, hostileTexts, type Pages, reordering, writePages } from './support/pages.js';

let browser: Browser;
let workspace: Workspace;
let pages: Pages;
beforeAll(async () => {
  workspace = await createWorkspace();
  [browser, pages] = await Promise.all([openBrowser(), writePages(workspace)]);
});
afterAll(async () => {
  await browser.close();
  await workspace[Symbol.asyncDispose]();
});

const [phone, desktop] = screens as readonly [Screen, Screen];
const names = ['discovery', 'bundle', 'tampered', 'hostile', 'hostileBundle'] as const;

describe.each(screens)('on $name', (screen) => {
  test.each(names)('the page %s fits, is quiet, asks for nothing, and every text of it can be read', async (name) => {
    await using open = await openFile(browser, pages[name], screen);
    const { page, requests, events } = open;
    await page.evaluate('for (const details of document.querySelectorAll("details")) details.open = true');
    const widths = await page.evaluate<number[]>(
      '[document.documentElement.scrollWidth, ...[...document.querySelectorAll("body *")].map((e) => e.getBoundingClientRect().right)]',
    );
    expect(Math.max(...widths)).toBeLessThanOrEqual(screen.width);
    const { seen, faint } = await measureContrast(page);
    expect(seen).toBeGreaterThan(30);
    expect(faint).toEqual([]);
    expect(requests).toEqual([]);
    expect(events).toEqual([]);
  });

  test('the scheme is that of the system', async () => {
    await using open = await openFile(browser, pages.bundle, screen);
    const colour = await open.page.evaluate<string>('getComputedStyle(document.documentElement).backgroundColor');
    const [red = 0] = (/\d+/.exec(colour) ?? []).map(Number);
    expect(red > 128).toBe(screen.colorScheme === 'light');
  });
});

describe('a page', () => {
  test('of a discovery has a title, a summary, and the tree with who confirmed it', async () => {
    await using open = await openFile(browser, pages.discovery, desktop);
    const { page } = open;
    expect(await page.title()).toMatch(/team\/app:1\.2 – What refers to an image$/);
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toMatch(/team\/app:1\.2$/);
    expect(await page.locator('.verdict').innerText()).toMatch(/5 referrers: confirmed by the referrers API of/);
    const headings = await page.getByRole('heading', { level: 2 }).allInnerTexts();
    expect(headings).toEqual(['Image and its referrers', 'Who confirmed it', 'Details']);
    const tree = page.getByRole('region', { name: 'Image and its referrers' });
    expect(await tree.getByRole('listitem').count()).toBe(8);
    expect(await tree.locator('.badge').allInnerTexts()).toEqual(
      expect.arrayContaining(['sbom', 'signature', 'attestation', 'vex', 'other']),
    );
    expect(await tree.innerText()).toContain('no referrers: confirmed');
  });

  test('of a bundle shows findings, with the next step, and that no key was given', async () => {
    await using open = await openFile(browser, pages.tampered, phone);
    const { page } = open;
    expect(await page.locator('.verdict').innerText()).toMatch(/INVALID: \d errors?\. Do not import it\./);
    const findings = await page.getByRole('region', { name: 'Findings' }).innerText();
    expect(findings).toContain('ReferrerChecksumMismatch');
    expect(findings).toContain('Next: do not import');
    expect(await page.getByRole('region', { name: 'Signatures' }).innerText()).toContain('Unsigned');
    expect(await page.getByRole('region', { name: 'Image and its referrers' }).innerText()).toContain(
      '0 of 1 unchanged',
    );
  });

  test('is operated by keyboard, and shows where the focus is', async () => {
    await using open = await openFile(browser, pages.discovery, phone);
    const { page } = open;
    await page.keyboard.press('Tab');
    const focused = await page.evaluate<[boolean, string]>(`[
      document.activeElement === document.querySelector('.tree summary'),
      getComputedStyle(document.activeElement).outlineStyle,
    ]`);
    expect(focused).toEqual([true, 'solid']);
    const below = page.getByText('linux/amd64');
    await page.keyboard.press('Enter');
    expect(await below.isVisible()).toBe(false);
    await page.keyboard.press('Space');
    expect(await below.isVisible()).toBe(true);
  });

  test('gives away a whole digest at one click', async () => {
    await using open = await openFile(browser, pages.discovery, desktop);
    await open.page.locator('.tree .digest').nth(2).click();
    expect(await open.page.evaluate<string>('getSelection().toString()')).toMatch(/^sha256:[a-f0-9]{64}$/);
  });

  test('is printed in dark on light, with everything that is folded away and every digest in full', async () => {
    await using open = await openFile(browser, pages.discovery, { ...desktop, colorScheme: 'dark' });
    const { page } = open;
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    const shown = await page.evaluate<[string, boolean, boolean]>(`[
      getComputedStyle(document.documentElement).backgroundColor,
      document.querySelector('details.small dl').checkVisibility({ contentVisibilityAuto: true }),
      [...document.querySelectorAll('.digest')].every((digest) => digest.scrollWidth <= digest.clientWidth + 1),
    ]`);
    expect(shown).toEqual(['rgb(255, 255, 255)', true, true]);
    expect((await measureContrast(page)).faint).toEqual([]);
  });
});

test.each([phone, desktop])(
  'a page of 6,000 referrers is small enough to be opened at once, on $name',
  async (screen) => {
    const path = workspace.path('many.html');
    await writeFile(path, drawHtml(viewDiscovery(discoveryOf(6000), false), '2026-11-28T00:00:00Z'));
    const { size } = await stat(path);
    expect(size).toBeLessThan(5_000_000);
    await using open = await openFile(browser, path, screen);
    expect(await open.page.locator('.node').count()).toBe(6001);
    // A third of a second where ten other programs ran on two cores; a machine may be busier.
    const paintMs = await open.page.evaluate<number>(
      "performance.getEntriesByName('first-contentful-paint')[0].startTime",
    );
    expect(paintMs).toBeLessThan(5000);
    expect(await open.page.evaluate<number>('document.documentElement.scrollWidth')).toBe(screen.width);
  },
);

describe('a hostile registry', () => {
  test.each(['hostile', 'hostileBundle'] as const)('gets its words shown as they are, on the page %s', async (name) => {
    await using open = await openFile(browser, pages[name], desktop);
    const { page, requests, events } = open;
    const types = await page.locator('.tree .title').allTextContents();
    for (const text of [...hostileTexts, reordering]) expect(types).toContain(escapeText(text));
    expect(types.join('')).toContain('\\u202efdp.exe');
    expect(await page.locator('script, img, svg, a, base, link, iframe, object, form').count()).toBe(0);
    for (const row of await page.locator('.row').all()) await row.hover();
    expect(await page.evaluate('window.pwned')).toBe(undefined);
    expect([requests, events]).toEqual([[], []]);
  });

  test('could do nothing with markup of its own either, if it came through: the policy holds', async () => {
    const markup = `<script>window.pwned=1</script><img src="https://evil.example/x" onerror="window.pwned=1">
      <style>body{background:url(https://evil.example/y)}</style><iframe src="https://evil.example/z"></iframe>`;
    const path = workspace.path('broken-through.html');
    const text = await readFile(pages.hostile, 'utf8');
    await writeFile(
      path,
      text.replace('<main>', () => `<main>${markup}`),
    );
    await using open = await openFile(browser, path, desktop);
    expect(await open.page.locator('img').count()).toBe(1);
    expect(await open.page.evaluate('window.pwned')).toBe(undefined);
    expect(open.requests).toEqual([]);
    expect(open.events.length).toBeGreaterThan(0);
  });
});
