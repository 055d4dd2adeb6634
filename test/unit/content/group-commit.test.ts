import { describe, expect, it } from 'vitest';
import { GroupCommit } from '../../../src/content/group-commit.js';

interface Scene {
  readonly group: GroupCommit<string>;
  /** What was done together, in order. */
  readonly commits: (readonly string[])[];
  /** Lets the commit under way end. */
  readonly release: () => void;
  /** Signals of the commits. */
  readonly signals: AbortSignal[];
}

/** Commits end when they are released; one with `bad` among its items fails. */
function openScene(): Scene {
  const commits: (readonly string[])[] = [];
  const signals: AbortSignal[] = [];
  let isOpen = false;
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const group = new GroupCommit<string>(async (items, signal) => {
    commits.push(items);
    signals.push(signal);
    if (!isOpen) await gate;
    signal.throwIfAborted();
    if (items.includes('bad')) throw new Error('bad is not taken');
  });
  const release = (): void => {
    isOpen = true;
    open();
  };
  return { group, commits, release, signals };
}

describe('work that is done together', () => {
  it('is everything that came in while earlier work was under way', async () => {
    const { group, commits, release } = openScene();
    const added = ['a', 'b', 'c', 'd'].map((item) => group.add(item));
    release();
    await Promise.all(added);
    await group.add('e');
    expect(commits).toEqual([['a'], ['b', 'c', 'd'], ['e']]);
  });

  it('is tried one by one when it fails, so that nobody hears of the fault of another', async () => {
    const { group, commits, release } = openScene();
    const added = ['a', 'b', 'bad', 'c'].map((item) => group.add(item));
    release();
    const outcomes = await Promise.allSettled(added);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    expect(commits).toEqual([['a'], ['b', 'bad', 'c'], ['b'], ['bad'], ['c']]);
    await group.add('later');
  });

  it('is left out when its caller gives up before its turn comes', async () => {
    const { group, commits, release } = openScene();
    const abort = new AbortController();
    const reason = new Error('enough');
    const first = group.add('a');
    const second = group.add('b', abort.signal);
    const third = group.add('c');
    abort.abort(reason);
    await expect(second).rejects.toBe(reason);
    release();
    await Promise.all([first, third]);
    expect(commits).toEqual([['a'], ['c']]);
    await expect(group.add('d', abort.signal)).rejects.toBe(reason);
  });

  it('goes on for the others when one of them gives up, and that one waits no longer', async () => {
    const signals: AbortSignal[] = [];
    const ends: (() => void)[] = [];
    const group = new GroupCommit<string>(async (_items, signal) => {
      signals.push(signal);
      await new Promise<void>((end) => ends.push(end));
    });
    const abort = new AbortController();
    const reason = new Error('enough');
    const [first, second, third] = [group.add('a'), group.add('b', abort.signal), group.add('c')];
    ends[0]?.();
    await first;
    await new Promise(setImmediate);
    expect(signals).toHaveLength(2);
    abort.abort(reason);
    await expect(second).rejects.toBe(reason);
    expect(signals[1]?.aborted).toBe(false);
    ends[1]?.();
    await third;
  });

  it('is told to stop once nobody wants it, and its callers hear of it when it has', async () => {
    const { group, release, signals } = openScene();
    const abort = new AbortController();
    const reason = new Error('enough');
    const only = group.add('a', abort.signal);
    let isOver = false;
    const over = only.catch(() => undefined).then(() => (isOver = true));
    abort.abort(reason);
    expect(signals[0]?.reason).toBe(reason);
    await new Promise(setImmediate);
    expect(isOver).toBe(false);
    release();
    await over;
    await expect(only).rejects.toBe(reason);
  });
});
