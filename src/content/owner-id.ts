import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { errnoOf } from './read-small-file.js';

/** What {@link ownId} gives. */
const ownerPattern = /^([a-f0-9]{8})-(\d+)-([a-z0-9]+)-[a-f0-9]{8}$/;
/** A start as the kernel counts it: clock ticks since the machine came up. */
const ticksPattern = /^t\d+$/;
/** The clock may be set while a process runs; starts this close may be the same one. */
const sameStartMs = 60_000;

/** Names this process among all that may write here: machine, process, when it was started, and which of its files. */
export function ownId(): string {
  return `${machineId()}-${process.pid}-${ownStart()}-${randomBytes(4).toString('hex')}`;
}

/** Tells whether text has the form of an id. */
export function isOwnerId(text: string): boolean {
  return ownerPattern.test(text);
}

/**
 * Tells whether the process that gave itself an id has ended, as far as this machine knows.
 *
 * @remarks A process of the same number is another one when it was started at another time; where that cannot be read, it
 * counts as the same. All threads of a process are one owner.
 */
export function isOwnerGone(id: string): boolean {
  const [, machine, pid, started = ''] = ownerPattern.exec(id) ?? [];
  if (machine !== machineId()) return false;
  const own = ownStart();
  // In a container a new process often has the number of the one before it.
  if (Number(pid) === process.pid) return isOtherStart(started, own);
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    // Whoever may not send it a signal has found it.
    if (errnoOf(error) === 'ESRCH') return true;
  }
  const current = ticksPattern.test(own) ? startTicks(`/proc/${pid}/stat`, Number(pid)) : undefined;
  return current !== undefined && isOtherStart(started, current);
}

function isOtherStart(started: string, current: string): boolean {
  const ofKernel = [started, current].filter((start) => ticksPattern.test(start)).length;
  if (ofKernel === 2) return started !== current;
  // The two cannot be compared: one of them comes from a process that could not ask the kernel.
  if (ofKernel === 1) return false;
  return Math.abs(Number.parseInt(started, 36) - Number.parseInt(current, 36)) > sameStartMs;
}

/** The same in every thread of this process, unlike `performance.timeOrigin`. */
function ownStart(): string {
  const ticks = startTicks('/proc/self/stat', process.pid);
  return ticks ?? Math.round(Date.now() - process.uptime() * 1000).toString(36);
}

/** Reads when a process was started; undefined where the system does not say, or speaks of other process numbers. */
function startTicks(path: string, pid: number): string | undefined {
  try {
    const text = readFileSync(path, 'latin1');
    if (Number.parseInt(text, 10) !== pid) return undefined;
    // The second field is the name of the program in brackets, which may hold spaces and brackets of its own.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const ticks = `t${fields[19] ?? ''}`;
    return ticksPattern.test(ticks) ? ticks : undefined;
  } catch {
    return undefined;
  }
}

function machineId(): string {
  return createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
}
