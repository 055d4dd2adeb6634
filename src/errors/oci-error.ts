import type { OciErrorCode } from './codes.js';

/** Marks errors of this package on a registered symbol, so that a second installed copy recognises them too. */
export const errorBrand: symbol = Symbol.for('@stellaops/oci-referrers/error');

/** One request that was made before a call succeeded or failed, and what its answer was taken for. */
export interface Attempt {
  /** `host[:port]` that was asked. */
  readonly host: string;
  /** What was asked for. */
  readonly endpoint: 'referrers' | 'tag' | 'subject' | 'legacy-tag';
  /** HTTP status; absent when no answer came. */
  readonly status?: number | undefined;
  /** Error code; absent when the attempt did not fail. */
  readonly code?: string | undefined;
  /** The rule of the discovery table that applied, such as `unsupported` or `list`. */
  readonly rule: string;
}

/** What every error of this package may be given. */
export interface OciErrorOptions {
  /** The fault below this one. */
  readonly cause?: unknown;
  /** What the operator can do next, as one sentence. */
  readonly hint?: string | undefined;
}

/**
 * The base of every error this package throws; match on `code`, never on the message.
 *
 * @remarks An aborted call is the one exception: it rejects with the `reason` of the caller's signal, unwrapped.
 */
export class OciError extends Error {
  /** Name of the class, for logs. */
  override readonly name: string = 'OciError';
  /** What happened. */
  readonly code: OciErrorCode;
  /** What the operator can do next, as one sentence; absent where there is nothing to say. */
  readonly hint: string | undefined;
  /** What was tried, for errors of discovery; empty elsewhere. */
  readonly attempts: readonly Attempt[] = [];

  /**
   * @param code - what happened
   * @param message - operation, object and reason; URLs in it are redacted by the caller
   * @param options - cause and hint
   */
  constructor(code: OciErrorCode, message: string, options: OciErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }

  /**
   * Makes a copy that carries the attempts that led here; the error itself may be shared by several callers.
   *
   * @internal
   */
  withAttempts(attempts: readonly Attempt[]): OciError {
    return this.#copy({ attempts: [...attempts, ...this.attempts] });
  }

  /**
   * Makes a copy that says more than what the failing request knew.
   *
   * @internal
   */
  withWords(more: string, hint: string | undefined = this.hint): OciError {
    return this.#copy({ message: `${this.message}; ${more}`, hint });
  }

  #copy(changes: Partial<Pick<OciError, 'attempts' | 'hint' | 'message'>>): OciError {
    const copy = new OciError(this.code, this.message);
    Object.setPrototypeOf(copy, Object.getPrototypeOf(this) as object);
    Object.defineProperties(copy, Object.getOwnPropertyDescriptors(this));
    return Object.assign(copy, changes);
  }

  /** Returns the error as plain data for a log: no stack, no request, no secret; causes are followed by message only. */
  toJSON(): Record<string, unknown> {
    const { name, code, message, hint, attempts, ...fields } = this;
    const cause = this.cause instanceof Error ? this.cause.message : undefined;
    return {
      name,
      code,
      message,
      ...(hint === undefined ? {} : { hint }),
      ...fields,
      ...(attempts.length === 0 ? {} : { attempts }),
      ...(cause === undefined ? {} : { cause }),
    };
  }
}

Object.defineProperty(OciError.prototype, errorBrand, { value: true });
