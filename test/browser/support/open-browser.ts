import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';

/** Starts Debian's Chromium; without one this fails, and nothing is skipped. */
export async function openBrowser(): Promise<Browser> {
  const isRoot = process.getuid?.() === 0;
  // Chromium refuses to run as root with its sandbox, and a machine for tests is often root's.
  return await chromium.launch({ executablePath: findChromium(), args: isRoot ? ['--no-sandbox'] : [] });
}

function findChromium(): string {
  const directories = (process.env['PATH'] ?? '').split(delimiter);
  const found = directories.map((directory) => join(directory, 'chromium')).find(isExecutable);
  if (found === undefined) throw new Error('there is no chromium in PATH: apt-get install chromium fonts-dejavu-core');
  return found;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A window, and the scheme of the system it is on. */
export interface Screen {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly colorScheme: 'light' | 'dark';
}

/** What reports are looked at on. */
export const screens: readonly Screen[] = (['light', 'dark'] as const).flatMap((colorScheme) => [
  { name: `a telephone, ${colorScheme}`, width: 360, height: 740, colorScheme },
  { name: `a desktop, ${colorScheme}`, width: 1440, height: 900, colorScheme },
]);

/** A page that is open, and what happened on it that nobody asked for. */
export interface OpenPage extends AsyncDisposable {
  readonly page: Page;
  /** Requests beyond the file itself. */
  readonly requests: readonly string[];
  /** Errors and warnings on the console, exceptions, dialogs. */
  readonly events: readonly string[];
}

/** Opens a file as a person does who double-clicks it. */
export async function openFile(browser: Browser, path: string, screen: Screen): Promise<OpenPage> {
  const { width, height, colorScheme } = screen;
  const context = await browser.newContext({ viewport: { width, height }, colorScheme });
  context.setDefaultTimeout(10_000);
  const [requests, events]: [string[], string[]] = [[], []];
  const url = `file://${path}`;
  await context.route('**/*', async (route) => {
    if (route.request().url() === url) {
      await route.continue();
      return;
    }
    requests.push(route.request().url());
    await route.abort();
  });
  const page = await context.newPage();
  page.on('console', (message) => events.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => events.push(`exception: ${error.message}`));
  page.on('dialog', (dialog) => {
    events.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(url);
  return { page, requests, events, [Symbol.asyncDispose]: () => context.close() };
}
