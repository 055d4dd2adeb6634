import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

const stepMs = 40_000;

/** What a person saw after typing something. */
export interface Seen {
  /** Standard output and standard error, in the order they came. */
  readonly output: string;
  readonly status: number;
}

/** One bash that stays: variables and files of one step are there in the next. */
export class Terminal implements AsyncDisposable {
  readonly #directory: string;
  readonly #bash: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: Interface;
  #steps = 0;

  /**
   * @param directory - where it works
   * @param env - all of its environment
   */
  constructor(directory: string, env: Readonly<Record<string, string>>) {
    this.#directory = directory;
    this.#bash = spawn('bash', ['--noprofile', '--norc'], {
      cwd: directory,
      env,
      stdio: ['pipe', 'pipe', 'ignore'],
      // A group of its own: what a step leaves running ends with it.
      detached: true,
    });
    this.#bash.stdin.on('error', () => undefined);
    this.#lines = createInterface({ input: this.#bash.stdout });
  }

  /** Types commands, without anything on standard input, and waits for the end of the last one. */
  async type(commands: string): Promise<Seen> {
    this.#steps += 1;
    const [script, log] = ['sh', 'log'].map((end) => join(this.#directory, `.step-${this.#steps}.${end}`));
    if (script === undefined || log === undefined) throw new Error('no step');
    await writeFile(script, `${commands}\n`);
    const done = once(this.#lines, 'line', { signal: AbortSignal.timeout(stepMs) });
    this.#bash.stdin.write(`. '${script}' >'${log}' 2>&1 </dev/null; echo "$?"\n`);
    const read = async (): Promise<string> => (await readFile(log, 'utf8')).replaceAll('\r', '');
    try {
      const [status] = (await done) as [string];
      return { output: await read(), status: Number(status) };
    } catch (cause) {
      throw new Error(`no end after ${stepMs} ms of\n${commands}\n\nso far:\n${await read()}`, { cause });
    }
  }

  /** Ends the shell and whatever it still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { pid, exitCode, signalCode } = this.#bash;
    this.#lines.close();
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    const exited = once(this.#bash, 'exit');
    process.kill(-pid, 'SIGKILL');
    await exited;
  }
}
