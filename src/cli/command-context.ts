import type { CliIo } from './cli-io.js';
import type { Output } from './output.js';

/** What every command gets besides its own flags. */
export interface CommandContext {
  readonly io: CliIo;
  readonly output: Output;
  /** Fires when the command is to end. */
  readonly signal: AbortSignal;
}

/** Runs a command to its end and says what it ends with. */
export type CommandRun = (context: CommandContext) => Promise<number>;
