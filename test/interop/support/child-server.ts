import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

const startMs = 15_000;
const stopMs = 5_000;

/** A server process that ends when its standard input does, so that it cannot outlive this process. */
export class ChildServer implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #exited: Promise<unknown>;
  #errors = '';

  constructor(command: string, args: readonly string[]) {
    // A group of its own: what the command starts ends with it.
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    this.#exited = once(this.#child as ChildProcess, 'exit').catch((error: unknown) => {
      this.#errors += String(error);
    });
    // Closing the pipe of a process that is gone already is no fault.
    this.#child.stdin.on('error', () => undefined);
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk.toString()).slice(-4_096);
    });
  }

  /** True until the process has ended. */
  get isRunning(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The last of what it wrote to stderr. */
  get errors(): string {
    return this.#errors;
  }

  /** Waits for the first line the server prints. */
  async firstLine(): Promise<string> {
    const lines = createInterface({ input: this.#child.stdout });
    const signal = AbortSignal.timeout(startMs);
    try {
      const [line] = (await Promise.race([
        once(lines, 'line', { signal }),
        this.#exited.then(() => {
          throw new Error(`the server ended before it listened: ${this.#errors}`);
        }),
      ])) as [string];
      return line;
    } finally {
      lines.close();
      // Whatever it prints later must not fill the pipe.
      this.#child.stdout.resume();
    }
  }

  /** Ends the process, by force when it will not go. */
  async stop(): Promise<void> {
    this.#child.stdout.resume();
    this.#child.stdin.end();
    const { pid } = this.#child;
    const force = setTimeout(() => {
      if (pid !== undefined && this.isRunning) process.kill(-pid, 'SIGKILL');
    }, stopMs);
    await this.#exited;
    clearTimeout(force);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
