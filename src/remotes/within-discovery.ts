import { withinScope } from '../content/abort.js';
import type { CallScope } from '../content/call-scope.js';
import { TransportError } from '../errors/index.js';
import type { Timeouts } from '../http/types.js';

/** A question that takes many requests, and whom it is put to. */
export interface Question {
  /** What has not happened when time is up, as a sentence that goes on with "within". */
  readonly unanswered: string;
  /** `host/repository` that is asked. */
  readonly where: string;
  readonly signal: AbortSignal | undefined;
}

/**
 * Answers a question about one subject within `timeouts.discoveryMs`: pages, retries and tokens together.
 *
 * @throws TransportError `ERR_OCI_TIMEOUT` when it takes longer
 */
export async function withinDiscovery<Result>(
  { discoveryMs }: Pick<Timeouts, 'discoveryMs'>,
  { unanswered, where, signal }: Question,
  work: (scope: CallScope) => Promise<Result>,
): Promise<Result> {
  const expired = (): TransportError =>
    new TransportError('ERR_OCI_TIMEOUT', `${unanswered} within ${discoveryMs} ms`, {
      method: 'GET',
      url: where,
      hint: 'raise timeouts.discoveryMs (--timeout), or lower the load on the registry',
    });
  return await withinScope(discoveryMs, signal, expired, work);
}
