import { sleep } from '../content/abort.js';
import { RegistryError, TransportError } from '../errors/index.js';
import { pauseMs } from '../http/retry.js';
import { isBrokenOff } from '../http/transport-error.js';
import type { ResolvedOptions } from './options.js';

/** What a bounded number of tries needs to know. */
export interface UploadTriesOptions {
  /** What is uploaded and where, for messages. */
  readonly what: string;
  /** Bytes of all of it. */
  readonly size: number;
  readonly options: Pick<ResolvedOptions, 'logger' | 'retry' | 'timeouts'>;
  readonly signal: AbortSignal | undefined;
}

/** Tells whether it is unclear what became of a request: the line broke, or the registry did. */
export function isUnclear(error: unknown): error is Error {
  if (error instanceof RegistryError) return error.status === 408 || (error.status >= 500 && error.status !== 501);
  return isBrokenOff(error);
}

/** Counts tries that brought an upload no further; where it moves, it may break as often as it likes. */
export class UploadTries {
  readonly #options: UploadTriesOptions;
  #best = 0;
  #failures = 0;

  constructor(options: UploadTriesOptions) {
    this.#options = options;
  }

  /** Most bytes the registry ever had, in whichever session, the last ones left out while they are no progress. */
  get best(): number {
    return this.#best;
  }

  /** Tries in a row that brought nothing. */
  get failures(): number {
    return this.#failures;
  }

  /** Takes note of how much the registry has; what is less than one window has to move is no progress. */
  note(received: number): void {
    const { size, options } = this.#options;
    const isEnough = received - this.#best >= options.timeouts.minBlobBytesPerWindow;
    if (!isEnough && (received < size || received === this.#best)) return;
    this.#best = received;
    this.#failures = 0;
  }

  /**
   * Waits before the next try.
   *
   * @throws the fault itself, or what it came to, when there have been enough
   */
  async again(fault: Error): Promise<void> {
    const { what, options, signal } = this.#options;
    const { retry, logger } = options;
    this.#failures += 1;
    const askedMs = fault instanceof RegistryError ? (fault.retryAfterMs ?? 0) : 0;
    if (this.#failures > retry.maxRetries || askedMs > retry.maxRetryAfterMs) throw this.#gaveUp(fault);
    const waitMs = Math.max(askedMs, pauseMs(retry, this.#failures - 1));
    logger.debug(`upload ${what}: ${fault.message}; try ${this.#failures} of ${retry.maxRetries} in ${waitMs} ms`);
    await sleep(waitMs, signal);
  }

  #gaveUp(fault: Error): Error {
    if (this.#failures === 1 || !(fault instanceof TransportError)) return fault;
    const where = `broke off ${this.#failures} times without getting beyond ${this.#best} of ${this.#options.size} bytes`;
    return new TransportError(fault.code, `upload ${this.#options.what}: it ${where}: ${fault.message}`, {
      method: fault.method,
      url: fault.url,
      cause: fault,
      hint: 'look at the line and every proxy between; then start again, what is there is not sent twice; or raise retry.maxRetries',
    });
  }
}
