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

/** Options of {@link createProgressMeter}. */
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
 * Creates a transform that passes bytes on and fails when the network moves too few of them.
 *
 * @remarks A slow reader of a download, or a slow source of an upload, is not the network's fault and never fails.
 */
export function createProgressMeter(options: ProgressMeterOptions): Transform {
  const { direction, floor, mapError, onClose } = options;
  let moved = 0;
  let timer: NodeJS.Timeout | undefined;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
      moved += chunk.length;
      done(null, chunk);
    },
    destroy(error: Error | null, done: (error?: Error | null) => void): void {
      clearInterval(timer);
      onClose?.();
      done(error === null ? null : (mapError?.(error) ?? error));
    },
  });
  if (floor !== undefined) {
    timer = setInterval(() => {
      const waiting = meter.readableLength > 0;
      if (moved < floor.minBytes && waiting === (direction === 'upload')) meter.destroy(floor.error());
      moved = 0;
    }, floor.windowMs);
  }
  // The stream may fail before its reader has got hold of it; the reader still sees the error when it starts.
  meter.on('error', () => undefined);
  return meter;
}
