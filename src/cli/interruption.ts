import { exitCodes } from './exit-codes.js';

/** A signal that ends a command. */
export type EndingSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

const endings: Readonly<Record<EndingSignal, { readonly message: string; readonly exitCode: number }>> = {
  SIGINT: { message: 'interrupted', exitCode: exitCodes.interrupted },
  SIGTERM: { message: 'terminated', exitCode: exitCodes.terminated },
  // The terminal, or the connection to it, is gone.
  SIGHUP: { message: 'hung up', exitCode: exitCodes.hungUp },
};

/** The signals that end a command after it has cleaned up. */
export const endingSignals: readonly EndingSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** The reason a command is aborted with when the process gets a signal. */
export class Interruption extends Error {
  override readonly name: string = 'Interruption';
  /** What the command ends with. */
  readonly exitCode: number;

  constructor(signal: EndingSignal) {
    super(endings[signal].message);
    this.exitCode = endings[signal].exitCode;
  }
}
