import type { Readable, Writable } from 'node:stream';

/** A stream a person may be looking at. */
export interface TerminalStream extends Writable {
  /** True for a terminal. */
  readonly isTTY?: boolean | undefined;
  /** Width of the terminal in characters. */
  readonly columns?: number | undefined;
}

/** Everything the command has to do with the outside, so that it can run inside another process. */
export interface CliIo {
  /** Gets results and nothing else. */
  readonly stdout: TerminalStream;
  /** Gets warnings, errors and progress. */
  readonly stderr: TerminalStream;
  /** Read for a password, when asked to. */
  readonly stdin: Readable;
  /** `NO_COLOR` and `TERM` are looked at. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Ends the command; a reason that is an `Interruption` decides the exit code. */
  readonly signal?: AbortSignal | undefined;
}

/** Width of a terminal in characters; some claim to have none. */
export function widthOf({ columns = 0 }: TerminalStream): number {
  return columns > 0 ? columns : 80;
}

/** The width that lines have to keep; a pipe or a log has none. */
export function terminalWidth(stream: TerminalStream): number | undefined {
  return stream.isTTY === true ? widthOf(stream) : undefined;
}
