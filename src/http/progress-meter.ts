import { Transform, type TransformCallback } from 'node:stream';

/** The least a stream has to move. */
export interface ProgressFloor {
  /** Milliseconds of one window. */
  readonly windowMs: number;
  /** Bytes that have to pass in each window. */
  readonly minBytes: number;
  /** Makes the error for a stream that is too slow. */
  readonly error: () => Error;
}

/** Options of a {@link ProgressMeter}. */
export interface ProgressMeterOptions {
  /** `download` blames the network when the reader waits, `upload` when the reader does not take what is there. */
  readonly direction: 'download' | 'upload';
  readonly floor?: ProgressFloor | undefined;
  /** Replaces the error the stream ends with. */
  readonly mapError?: ((error: Error) => Error) | undefined;
  /** Called once, when the stream is over for whatever reason. */
  readonly onClose?: (() => void) | undefined;
}

/**
 * Passes bytes on and fails when the network moves too few of them.
 *
 * @remarks A slow reader of a download, or a slow source of an upload, is not the network's fault and never fails.
 */
export class ProgressMeter extends Transform {
  readonly #options: ProgressMeterOptions;
  readonly #timer: NodeJS.Timeout | undefined;
  #moved = 0;

  constructor(options: ProgressMeterOptions) {
    super();
    this.#options = options;
    const { floor } = options;
    if (floor !== undefined) {
      this.#timer = setInterval(() => {
        this.#check(floor);
      }, floor.windowMs);
    }
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#moved += chunk.length;
    done(null, chunk);
  }

  /** The error is replaced here, not in `_destroy`: who reads later is shown the error `destroy` was called with. */
  override destroy(error?: Error): this {
    return super.destroy(error === undefined ? undefined : (this.#options.mapError?.(error) ?? error));
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearInterval(this.#timer);
    this.#options.onClose?.();
    done(error);
  }

  #check(floor: ProgressFloor): void {
    const isWaitingForReader = this.readableLength > 0;
    const isNetworkToBlame = isWaitingForReader === (this.#options.direction === 'upload');
    if (this.#moved < floor.minBytes && isNetworkToBlame) this.destroy(floor.error());
    this.#moved = 0;
  }
}
