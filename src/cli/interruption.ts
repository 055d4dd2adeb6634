import { exitCodes } from './exit-codes.js';

/** The reason a command is aborted with when the process gets a signal. */
export class Interruption extends Error {
  override readonly name: string = 'Interruption';
  /** What the command ends with. */
  readonly exitCode: number;

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(signal === 'SIGINT' ? 'interrupted' : 'terminated');
    this.exitCode = signal === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated;
  }
}
