import type { Writable } from 'node:stream';
import type { CliIo } from './cli-io.js';
import { hideTyped } from './hide-login.js';
import { createProgressLine, type Progress } from './progress-line.js';

/** The two ways out of a command, and how much is said on the second one. */
export interface Output {
  /** True with `--verbose`. */
  readonly isVerbose: boolean;
  /** Writes a result to standard output; whoever reads it may stop early. */
  readonly result: (lines: readonly string[]) => Promise<void>;
  /** Writes a result as JSON. */
  readonly json: (value: unknown) => Promise<void>;
  /** Writes bytes to standard output as they are. */
  readonly bytes: (source: AsyncIterable<Uint8Array>) => Promise<void>;
  /** Writes a line of a fault to standard error, whatever the flags say. */
  readonly error: (line: string) => void;
  /** Writes a warning to standard error, unless `--quiet`. */
  readonly warn: (text: string) => void;
  /** Writes a line of a log to standard error, unless `--quiet`. */
  readonly info: (line: string) => void;
  /** Writes a line for people who follow what is being done, with `--verbose`. */
  readonly debug: (text: string) => void;
  /** Shows on a terminal how far the command has come, unless `--quiet`. */
  readonly progress: (progress: Progress) => void;
  /** Takes the progress away. */
  readonly clear: () => void;
}

/** What the flags say about output. */
export interface OutputFlags {
  readonly quiet?: boolean | undefined;
  readonly verbose?: boolean | undefined;
}

const colours = { error: 31, warning: 33 } as const;

/**
 * Makes the output of one command.
 *
 * @param argv - what was typed: a login in it is not shown again
 */
export function createOutput(
  { stdout, stderr, env }: CliIo,
  { quiet = false, verbose = false }: OutputFlags,
  argv: readonly string[] = [],
): Output {
  const hide = hideTyped(argv);
  const isTerminal = stderr.isTTY === true && env['TERM'] !== 'dumb';
  const hasColour = isTerminal && (env['NO_COLOR'] ?? '') === '';
  const line = createProgressLine(stderr, isTerminal && !quiet);
  const label = (name: keyof typeof colours): string =>
    hasColour ? `\u001B[${colours[name]}m${name}:\u001B[0m` : `${name}:`;
  const say = (text: string): void => {
    line.clear();
    stderr.write(`${hide(text)}\n`);
  };
  const result = async (lines: readonly string[]): Promise<void> => {
    line.clear();
    await writeAll(stdout, lines.map((text) => `${text}\n`).join(''));
  };
  return {
    isVerbose: verbose,
    result,
    json: async (value) => {
      await result([printable(JSON.stringify(value, undefined, 2))]);
    },
    bytes: async (source) => {
      line.clear();
      for await (const chunk of source) await writeAll(stdout, chunk);
    },
    error: (text) => {
      say(text.replace(/^error:/, label('error')));
    },
    warn: (text) => {
      if (!quiet) say(`${label('warning')} ${text}`);
    },
    info: (text) => {
      if (!quiet) say(text);
    },
    debug: (text) => {
      if (verbose) say(text);
    },
    progress: (progress) => {
      line.update(progress);
    },
    clear: () => {
      line.clear();
    },
  };
}

/** What a terminal would obey, or turn around, is written by its number: the value stays the same. */
function printable(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Writes a text and waits until it is out; a reader that has gone away (`| head`) wanted no more. */
async function writeAll(stream: Writable, text: string | Uint8Array): Promise<void> {
  if (text.length === 0 || stream.destroyed) return;
  await new Promise<void>((resolve, reject) => {
    stream.write(text, (error) => {
      const isBrokenPipe = error instanceof Error && 'code' in error && error.code === 'EPIPE';
      if (error === undefined || error === null || isBrokenPipe) resolve();
      else reject(error);
    });
  });
}
