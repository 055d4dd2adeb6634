import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';

/** Starts a file of the benchmark as a process of its own. */
export function start(file: string, ...args: readonly string[]): ChildProcess {
  const url = new URL(`./${file}.js`, import.meta.url);
  return fork(url, args, { execArgv: ['--expose-gc'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

/** Waits for the next message of a process. */
export async function answer<Message>(child: ChildProcess): Promise<Message> {
  const left = new AbortController();
  const gone = once(child, 'exit', { signal: left.signal }).then(([code]) => {
    throw new Error(`a process of the benchmark ended with ${String(code)} before it answered`);
  });
  try {
    const [message] = (await Promise.race([once(child, 'message', { signal: left.signal }), gone])) as [Message];
    return message;
  } finally {
    left.abort();
    gone.catch(() => undefined);
  }
}

/** Returns the value in the middle. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Writes what was measured to a file in `.bench/`. */
export function save(name: string, measured: unknown): void {
  const output = new URL(`../${name}`, import.meta.url);
  mkdirSync(new URL('.', output), { recursive: true });
  writeFileSync(output, `${JSON.stringify(measured, undefined, 2)}\n`);
}
