import { isOciError } from '../index.js';

/** Names the file that a fault of the library is about, where the fault itself does not. */
export class InputFailure extends Error {
  override readonly name: string = 'InputFailure';

  constructor(file: string, cause: Error) {
    super(`${file}: ${cause.message}`, { cause });
  }
}

/** Runs work on a file; a fault of the library that does not name the file becomes one that does. */
export async function reading<Result>(file: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw isOciError(error) && !error.message.includes(file) ? new InputFailure(file, error) : error;
  }
}
