import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { openStage, repository } from './setup.js';

const root = new URL('../../', import.meta.url).pathname;

describe("the README's library example", () => {
  it('does what it says, on real sockets', async () => {
    await using stage = await openStage({ referrersApi: false });
    const readme = await readFile(join(root, 'README.md'), 'utf8');
    const code = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
    expect(code.trim().split('\n').length).toBeLessThanOrEqual(17);
    const local = code
      .replaceAll('registry.example.com/team/app:1.2', stage.reference)
      .replaceAll('mirror.example.com:5000', stage.target.host)
      .replaceAll('bundle.tgz', stage.path('bundle.tgz'));
    // Inside the project, so that the package's own name resolves to its sources.
    const folder = join(root, '.demo', `readme-${process.pid}`);
    await mkdir(folder, { recursive: true });
    vi.stubEnv('DOCKER_CONFIG', folder);
    const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    try {
      await writeFile(join(folder, 'example.ts'), local);
      await import(join(folder, 'example.ts'));
      expect(log).toHaveBeenCalledWith([stage.family.sbom.descriptor.digest]);
    } finally {
      log.mockRestore();
      vi.unstubAllEnvs();
      await rm(folder, { recursive: true, force: true });
    }
    expect((await stage.closureAt(stage.target, `${repository}:v1`)).nodes.size).toBe(6);
  });
});
