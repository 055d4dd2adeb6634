import { CommanderError } from 'commander';
import { type CliIo, widthOf } from './cli-io.js';
import { exitCodes } from './exit-codes.js';
import { Interruption } from './interruption.js';
import { createOutput, type Output } from './output.js';
import { createProgram, type Dispatch } from './program.js';

/**
 * Runs the command `oci-referrers` inside this process.
 *
 * @param argv - what stands after the command's name
 * @param io - streams and environment; none of them is closed
 * @returns the exit code; nothing is thrown
 */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  const guards = [io.stdout, io.stderr].map(guard);
  try {
    return await runGuarded(argv, io);
  } finally {
    for (const release of guards) release();
  }
}

async function runGuarded(argv: readonly string[], io: CliIo): Promise<number> {
  let exitCode: number = exitCodes.fine;
  let output = createOutput(io, {}, argv);
  const dispatch: Dispatch = async (run, flags) => {
    output = createOutput(io, flags, argv);
    const signal = io.signal ?? new AbortController().signal;
    signal.throwIfAborted();
    exitCode = await run({ io, output, signal });
  };
  try {
    const help = await runProgram(argv, io, dispatch);
    await output.result(help);
    output.clear();
    return exitCode;
  } catch (error) {
    output.clear();
    return await fail(error, io, output);
  }
}

/** Parses the command line and runs what it asks for; returns the help, where that is all it asks for. */
async function runProgram(argv: readonly string[], io: CliIo, dispatch: Dispatch): Promise<readonly string[]> {
  const help: string[] = [];
  const program = createProgram(dispatch, {
    writeOut: (text) => help.push(text.trimEnd()),
    writeErr: (text) => io.stderr.write(text),
    columns: io.stdout.isTTY === true ? widthOf(io.stdout) : undefined,
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    // Only help and version come as commander's own error; its faults have been explained.
    if (!(error instanceof CommanderError)) throw error;
  }
  return help;
}

/** Says why the command failed; the library that knows its errors is loaded only now where nothing has used it before. */
async function fail(error: unknown, io: CliIo, output: Output): Promise<number> {
  if (io.signal?.aborted === true) {
    const { reason } = io.signal as { reason: unknown };
    output.error(reason instanceof Error ? reason.message : 'interrupted');
    return reason instanceof Interruption ? reason.exitCode : exitCodes.interrupted;
  }
  const [{ printError }, { exitCodeOf }] = await Promise.all([import('./print-error.js'), import('./exit-code-of.js')]);
  await printError(error, output, io);
  return exitCodeOf(error);
}

/** A stream that fails tells so to whoever writes; without a listener it would end the process as well. */
function guard(stream: CliIo['stdout']): () => void {
  const ignore = (): void => undefined;
  stream.on('error', ignore);
  return () => {
    // The event follows the failed write: a stream that has failed keeps its listener.
    if (stream.errored === null && !stream.destroyed) stream.off('error', ignore);
  };
}
