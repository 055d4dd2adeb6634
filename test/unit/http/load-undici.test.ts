import { execFile } from 'node:child_process';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildConnector, Agent as WholeAgent } from 'undici';
import { describe, expect, it } from 'vitest';
import { loadUndici } from '../../../src/http/load-undici.js';
import { bundleInto } from '../../support/bundle-command.js';
import { temporaryDirectory } from '../bundle-write/helpers.js';

const run = promisify(execFile);
const projectRoot = fileURLToPath(new URL('../../../', import.meta.url));

describe('the part of undici that makes connections', () => {
  it('is that of undici itself', async () => {
    expect(await loadUndici()).toEqual({ Agent: WholeAgent, buildConnector });
  });

  it('comes without the rest of it', async () => {
    const folder = await temporaryDirectory();
    await bundleInto(folder, 'http/load-undici');
    await symlink(join(projectRoot, 'node_modules'), join(folder, 'node_modules'));
    const script = `
      import { createRequire } from 'node:module';
      const { loadUndici } = await import(${JSON.stringify(join(folder, 'dist/http/load-undici.js'))});
      const { cache } = createRequire(import.meta.url);
      const loaded = () => Object.keys(cache).filter((file) => file.includes('/undici/'));
      await loadUndici();
      const part = loaded();
      await import('undici');
      console.log(JSON.stringify({ part: part.length, whole: loaded().length, root: part.some((file) => file.endsWith('/undici/index.js')) }));`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: projectRoot });
    const { part, whole, root } = JSON.parse(stdout) as { part: number; whole: number; root: boolean };
    expect(root).toBe(false);
    expect(part).toBeGreaterThan(0);
    expect(part).toBeLessThan(whole / 2);
  });
});
