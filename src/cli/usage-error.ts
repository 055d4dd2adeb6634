/** Thrown when the command line, or a file it names, is wrong. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError';
  /** What to do next, as one sentence. */
  readonly hint: string;

  constructor(message: string, options: { readonly hint: string; readonly cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.hint = options.hint;
  }
}
