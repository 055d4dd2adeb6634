import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isOwnerGone, isOwnerId, ownId } from '../../../src/content/owner-id.js';

const [machine = ''] = ownId().split('-');

/** Starts a process whose name looks like fields of the file it is read from. */
async function startOther(): Promise<ChildProcess & { readonly pid: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'owner-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const program = join(folder, 'a) S 1 (b');
  await copyFile('/bin/sleep', program);
  const child = spawn(program, ['60'], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'spawn');
  return child as ChildProcess & { readonly pid: number };
}

const idOf = (pid: number, start: string): string => `${machine}-${pid}-${start}-00000000`;

describe('the owner of a file', () => {
  it('is there while its process runs', () => {
    expect(isOwnerId(ownId())).toBe(true);
    expect(isOwnerGone(ownId())).toBe(false);
    expect(ownId()).not.toBe(ownId());
  });

  it('is gone once its process has ended', async () => {
    const child = await startOther();
    const id = idOf(child.pid, 't1');
    const closed = once(child, 'close');
    child.kill('SIGKILL');
    await closed;
    expect(isOwnerGone(id)).toBe(true);
  });

  it.runIf(process.platform === 'linux')('is gone when its number belongs to a process started later', async () => {
    const { pid } = await startOther();
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
    const ticks = stat.slice(stat.lastIndexOf(') ')).split(' ')[20] ?? '';
    expect(isOwnerGone(idOf(pid, `t${ticks}`))).toBe(false);
    expect(isOwnerGone(idOf(pid, `t${Number(ticks) - 1}`))).toBe(true);
    expect(isOwnerGone(idOf(process.pid, `t${ticks}`))).toBe(true);
  });

  it.runIf(process.platform === 'linux')('is taken for alive where its start was told in another way', async () => {
    const { pid } = await startOther();
    const told = (Date.now() - 1_000_000).toString(36);
    expect(isOwnerGone(idOf(pid, told))).toBe(false);
  });

  it('on another machine is never called gone, and text that is no id neither', () => {
    expect(isOwnerGone('00000000-1-t1-00000000')).toBe(false);
    expect(isOwnerGone('')).toBe(false);
    expect(isOwnerId('notes')).toBe(false);
  });
});
