/** Thrown when something cannot be written where the command line says. */
export class OutputFailure extends Error {
  override readonly name: string = 'OutputFailure';
  /** What to do next, as one sentence. */
  readonly hint: string;

  constructor(message: string, options: { readonly hint: string; readonly cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.hint = options.hint;
  }
}
