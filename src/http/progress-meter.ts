import { Transform, type TransformCallback } from 'node:stream';
import { windowBytes } from '../content/stream-window.js';

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
  /** Called once, when the stream is read for the first time: an upload has a connection then. */
  readonly onStart?: (() => void) | undefined;
  /** Called once, when the stream is over for whatever reason. */
  readonly onClose?: (() => void) | undefined;
}

/**
 * Passes bytes on and fails when the network moves too few of them.
 *
 * @remarks A slow reader of a download, or a slow source of an upload, is not the network's fault and never fails. The
 * windows of a download count from its first moment, those of an upload from when somebody begins to take bytes.
 */
export class ProgressMeter extends Transform {
  readonly #options: ProgressMeterOptions;
  #timer: NodeJS.Timeout | undefined;
  #moved = 0;
  #isRead = false;

  constructor(options: ProgressMeterOptions) {
    super({ highWaterMark: windowBytes });
    this.#options = options;
    if (options.direction === 'download') this.#watch();
  }

  override read(size?: number): unknown {
    // A read of nothing only fills the buffer; a stream that flows reads without a size.
    if (size !== 0 && !this.#isRead) {
      this.#isRead = true;
      this.#options.onStart?.();
      if (this.#options.direction === 'upload' && !this.destroyed) this.#watch();
    }
    return super.read(size);
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

  #watch(): void {
    const { floor } = this.#options;
    if (floor === undefined) return;
    this.#timer = setInterval(() => {
      this.#check(floor);
    }, floor.windowMs);
  }

  #check(floor: ProgressFloor): void {
    const isWaitingForReader = this.readableLength > 0;
    const isNetworkToBlame = isWaitingForReader === (this.#options.direction === 'upload');
    if (this.#moved < floor.minBytes && isNetworkToBlame) this.destroy(floor.error());
    this.#moved = 0;
  }
}
