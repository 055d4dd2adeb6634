import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundleInto } from '../../support/bundle-command.js';

const root = new URL('../../../', import.meta.url).pathname;
// Inside the project, so that the bundled files find their libraries.
const folder = join(root, '.demo', `ends-${process.pid}`);

beforeAll(() => bundleInto(folder), 60_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

const script = `
import { Writable } from 'node:stream';
import { createResolver, exportBundle } from './dist/index.js';
import { buildImage, startRegistry } from './dist/testing/index.js';

const [fails] = process.argv.slice(2);
const registry = await startRegistry();
registry.store.add('app', buildImage({ layers: [Buffer.alloc(20 * 1024 * 1024, 7)] }), { tag: '1' });
const resolver = createResolver({ credentials: () => ({ anonymous: true }) });
const output = new Writable({
  write: (chunk, encoding, done) => done(),
  final: (done) => done(fails === 'yes' ? new Error('the disk is full') : undefined),
});
await exportBundle(resolver, [registry.host + '/app:1'], { output }).then(
  ({ bytes }) => console.log('written', bytes > 20_000_000),
  (error) => console.log(error.code, error.message.includes('the disk is full')),
);
await resolver.close();
await registry.close();
`;

test.each([
  ['no', 'written true\n'],
  ['yes', 'ERR_OCI_BUNDLE_OUTPUT true\n'],
])(
  'a program that has exported a large image ends by itself; the output failed at its end: %s',
  async (fails, said) => {
    const path = join(folder, `script-${fails}.js`);
    await writeFile(path, script);
    const { stdout } = await promisify(execFile)(process.execPath, [path, fails], { timeout: 14_000 });
    expect(stdout).toBe(said);
  },
);
