import { type FileHandle, lstat, open, rename, unlink } from 'node:fs/promises';
import { sleep } from '../content/abort.js';
import { KeyedLock } from '../content/keyed-lock.js';
import { isOwnerGone, ownId } from '../content/owner-id.js';
import { errnoOf, readSmallFile } from '../content/read-small-file.js';
import { isOciError } from '../errors/index.js';
import { layoutUnwritable } from './layout-faults.js';

/** An update takes well under a second; who holds the lock longer than this without a sign of life has gone. */
const abandonedAfterMs = 10 * 60 * 1000;
/** A holder writes its id right after it has made the file. */
const unnamedAfterMs = 10_000;
/** Longest wait for another process. */
const maxWaitMs = 120_000;
const pollMs = 15;
/** How often a lock may be taken away from one piece of work before that is a fault. */
const maxLosses = 5;
/** An id is a third of that. */
const maxIdBytes = 256;

/**
 * Lets one writer at a time change a file, among all processes of this package that see the same directory.
 *
 * @remarks The lock is a file with its owner's id in it. One whose owner has ended is taken over; two may believe that for
 * a moment, so a holder looks whether it still is one before it makes its change visible.
 */
export class DirectoryLock {
  readonly #path: string;
  /** Who waits in this process waits here, without asking the file system. */
  readonly #turns = new KeyedLock();

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Runs work while the lock is held.
   *
   * @param work - asks `assertHeld` right before it makes its change visible; that throws where somebody took the lock
   * away, and the work is done again
   */
  async run<Result>(work: (assertHeld: () => Promise<void>) => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    return await this.#turns.run('', () => this.#runAlone(work, signal), signal);
  }

  async #runAlone<Result>(
    work: (assertHeld: () => Promise<void>) => Promise<Result>,
    signal: AbortSignal | undefined,
  ): Promise<Result> {
    const lost = new Error('other processes keep taking the lock over');
    for (let left = maxLosses; left > 0; left--) {
      const id = await this.#acquire(signal);
      const isHeld = async (): Promise<boolean> => (await this.#holder())?.id === id;
      try {
        return await work(async () => {
          if (!(await isHeld())) throw lost;
        });
      } catch (error) {
        if (error !== lost) throw error;
      } finally {
        if (await isHeld()) await unlink(this.#path).catch(() => undefined);
      }
    }
    throw layoutUnwritable(lost, this.#path);
  }

  async #acquire(signal: AbortSignal | undefined): Promise<string> {
    const id = ownId();
    for (const end = Date.now() + maxWaitMs; ; ) {
      signal?.throwIfAborted();
      if (await this.#take(id)) return id;
      const holder = await this.#holder();
      if (Date.now() > end) throw layoutUnwritable(new Error(`it is held by ${holder?.id ?? 'others'}`), this.#path);
      if (holder === undefined) continue;
      if (holder.isGone) await this.#remove(holder.id, id);
      else await sleep(pollMs, signal);
    }
  }

  async #take(id: string): Promise<boolean> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(this.#path, 'wx');
      await handle.writeFile(id);
      return true;
    } catch (cause) {
      if (handle === undefined && errnoOf(cause) === 'EEXIST') return false;
      if (handle !== undefined) await unlink(this.#path).catch(() => undefined);
      throw layoutUnwritable(cause, this.#path);
    } finally {
      await handle?.close();
    }
  }

  async #holder(): Promise<{ readonly id: string; readonly isGone: boolean } | undefined> {
    try {
      const found = await lstat(this.#path);
      const fault = (reason: string): Error => layoutUnwritable(new Error(reason), this.#path);
      // A link to nothing cannot be made anew, and there is nothing to wait for.
      if (!found.isFile()) throw fault('is no regular file');
      const bytes = await readSmallFile(this.#path, maxIdBytes, fault);
      if (bytes === undefined) return undefined;
      const id = bytes.toString('latin1');
      const ageMs = Date.now() - found.mtimeMs;
      return { id, isGone: ageMs > (id === '' ? unnamedAfterMs : abandonedAfterMs) || isOwnerGone(id) };
    } catch (cause) {
      if (errnoOf(cause) === 'ENOENT') return undefined;
      throw isOciError(cause) ? cause : layoutUnwritable(cause, this.#path);
    }
  }

  /** Of several that find a lock abandoned, one moves it away. */
  async #remove(abandoned: string, id: string): Promise<void> {
    // Should this process be killed now, it is removed like every part file.
    const moved = `${this.#path}.${id}.part`;
    try {
      if ((await this.#holder())?.id !== abandoned) return;
      await rename(this.#path, moved);
      await unlink(moved);
    } catch (cause) {
      if (errnoOf(cause) !== 'ENOENT') throw layoutUnwritable(cause, this.#path);
    }
  }
}
