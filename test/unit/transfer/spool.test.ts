import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { ownId } from '../../../src/content/owner-id.js';
import { spool } from '../../../src/workflows/spool.js';
import { useTemporaryFolder } from '../../e2e/setup.js';

/** The name that a process which has ended gave to its folder. */
async function abandonedName(): Promise<string> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  const [machine = ''] = ownId().split('-');
  return `oci-referrers-${machine}-${child.pid ?? 0}-t1-00000000`;
}

const bytes = (text: string): Readable => Readable.from([Buffer.from(text)]);

it('what a killed run has saved is removed by the next one that saves a stream', async () => {
  await using temporary = await useTemporaryFolder();
  const abandoned = join(temporary.path, await abandonedName());
  await mkdir(abandoned);
  await writeFile(join(abandoned, 'bundle'), 'half');
  await using saved = await spool(bytes('content'), 100);
  expect(await readdir(temporary.path)).toEqual([basename(dirname(saved.path))]);
});

it('what another run is using stays, however many save at once, and each removes its own', async () => {
  await using temporary = await useTemporaryFolder();
  {
    await using first = await spool(bytes('first'), 100);
    await using second = await spool(bytes('second'), 100);
    expect(await readFile(first.path, 'utf8')).toBe('first');
    expect(await readFile(second.path, 'utf8')).toBe('second');
  }
  expect(await readdir(temporary.path)).toEqual([]);
});

it('what only looks like a leftover stays: other names, links, and folders with files of somebody else', async () => {
  await using temporary = await useTemporaryFolder();
  const [link, full] = [await abandonedName(), await abandonedName()];
  const kept = ['mine', 'oci-referrers-abc123'];
  for (const name of [...kept, full]) await mkdir(join(temporary.path, name));
  await writeFile(join(temporary.path, 'mine', 'bundle'), 'mine');
  await writeFile(join(temporary.path, full, 'other'), 'theirs');
  await symlink(join(temporary.path, 'mine'), join(temporary.path, link));
  await using saved = await spool(bytes('content'), 100);
  const names = [...kept, link, full, basename(dirname(saved.path))];
  expect((await readdir(temporary.path)).sort()).toEqual(names.sort());
  expect(await readFile(join(temporary.path, 'mine', 'bundle'), 'utf8')).toBe('mine');
  expect(await readdir(join(temporary.path, full))).toEqual(['other']);
});
