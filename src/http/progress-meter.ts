import { Transform, type TransformCallback } from 'node:stream';
import { windowBytes } from '../content/stream-window.js';

/** Bytes of an upload that are handed on at once: of a larger piece nobody could see how it moves. */
const pieceBytes = 64 * 1024;

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
  /** Bytes that have come in. */
  #passed = 0;
  /** Bytes that had moved when the last window ended. */
  #movedBefore = 0;
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
    this.#passed += chunk.length;
    if (this.#options.direction === 'download') this.push(chunk);
    else for (let at = 0; at < chunk.length; at += pieceBytes) this.push(chunk.subarray(at, at + pieceBytes));
    done();
  }

  /** The error is replaced here, not in `_destroy`: who reads later is shown the error `destroy` was called with. */
  override destroy(error?: Error): this {
    return super.destroy(error === undefined ? undefined : (this.#options.mapError?.(error) ?? error));
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearInterval(this.#timer);
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
    const isUpload = this.#options.direction === 'upload';
    // What a registry has not taken yet lies here, or in the last piece, which the socket has.
    const moved = isUpload ? this.#passed - this.readableLength : this.#passed;
    const isWaitingForReader = this.readableLength > 0;
    if (moved - this.#movedBefore < floor.minBytes && isWaitingForReader === isUpload) this.destroy(floor.error());
    this.#movedBefore = moved;
  }
}
