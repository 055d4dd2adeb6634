import { Readable } from 'node:stream';
import type { ProgressFloor } from './progress-meter.js';
import { openResponseBody, readCut } from './response-body.js';
import { type CutBytes, toError, WireBody } from './wire-body.js';

/** How the body of an answer is read. */
export interface AnswerBodyOptions {
  /** The value of `Content-Encoding`. */
  readonly coding?: string | undefined;
  /** True for a part of a body (206), which cannot have a coding. */
  readonly isPart?: boolean | undefined;
  /** The least that has to move; absent leaves the body to a deadline. */
  readonly floor?: ProgressFloor | undefined;
  /** Says what a fault of the body means. */
  readonly faultOf?: ((error: unknown) => Error) | undefined;
}

/** The decoded body of an answer; read once, whole or as a stream. */
export class AnswerBody {
  readonly #wire: WireBody;
  readonly #options: AnswerBodyOptions;
  #failure: { readonly fault: unknown } | undefined;

  constructor(wire: WireBody, options: AnswerBodyOptions) {
    this.#wire = wire;
    this.#options = options;
  }

  /** A body that has been read already. */
  static of(bytes: Buffer): AnswerBody {
    const wire = new WireBody({ pause: () => undefined, resume: () => undefined, abort: () => undefined });
    if (bytes.length > 0) wire.push(bytes);
    wire.end();
    return new AnswerBody(wire, {});
  }

  /**
   * Reads the body whole, or up to a bound.
   *
   * @throws OciError for a coding nobody asked for, and whatever a fault of the connection means
   */
  async collect(most: number): Promise<CutBytes> {
    const { coding, faultOf } = this.#options;
    try {
      if (coding !== undefined) return await readCut(this.open(), most);
      return await this.#collectWatched(most);
    } catch (error) {
      const fault = faultOf?.(error) ?? error;
      this.#failure = { fault };
      throw fault;
    }
  }

  /**
   * Hands the body over as a stream, which the caller reads to its end or destroys; one that could not be collected fails
   * there for the same reason.
   *
   * @throws OciError for a coding nobody asked for
   */
  open(): Readable {
    if (this.#failure !== undefined) return failing(this.#failure.fault);
    const { coding, isPart, floor, faultOf } = this.#options;
    return openResponseBody(this.#wire.stream(), coding, { isPart, floor, mapError: faultOf });
  }

  /** Leaves what has not been read. */
  destroy(): void {
    this.#wire.destroy();
  }

  /** Gets rid of it, see {@link WireBody.discard}. */
  async discard(): Promise<void> {
    await this.#wire.discard();
  }

  /** Calls back when it has been read, left or broken off, also when that has happened. */
  whenClosed(callback: () => void): void {
    this.#wire.whenClosed(callback);
  }

  async #collectWatched(most: number): Promise<CutBytes> {
    const { floor } = this.#options;
    if (floor === undefined) return await this.#wire.collect(most);
    let before = 0;
    const timer = setInterval(() => {
      const { size } = this.#wire;
      if (size - before < floor.minBytes) this.#wire.fail(floor.error());
      before = size;
    }, floor.windowMs);
    try {
      return await this.#wire.collect(most);
    } finally {
      clearInterval(timer);
    }
  }
}

function failing(fault: unknown): Readable {
  return new Readable({
    read() {
      this.destroy(toError(fault));
    },
  });
}
