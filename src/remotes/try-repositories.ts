import { isOciError } from '../errors/index.js';
import type { Repository } from './repository.js';

/**
 * Tries hosts in order until one succeeds; when none does, throws the fault that says most.
 *
 * A 404 of one host never outranks the fault of another: what was asked for may be behind that fault.
 */
export async function tryRepositories<Result>(
  repositories: readonly Repository[],
  work: (repository: Repository) => Promise<Result>,
  signal: AbortSignal | undefined,
): Promise<Result> {
  const failures: unknown[] = [];
  for (const repository of repositories) {
    signal?.throwIfAborted();
    try {
      return await work(repository);
    } catch (error) {
      signal?.throwIfAborted();
      failures.push(error);
    }
  }
  throw failures.find((error) => !isOciError(error, 'ERR_OCI_NOT_FOUND')) ?? failures[0];
}
