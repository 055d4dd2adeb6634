import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { windowBytes } from './stream-window.js';

/** Hands over what a stream brings until it ends; an iterator costs more than many a small answer as a whole. */
export async function takeChunks(stream: Readable, take: (chunk: Buffer) => void): Promise<void> {
  if (stream.readableEnded) return;
  if (stream.readableFlowing === false) {
    // Somebody has paused it, or listens to it in another way: data would never come by itself.
    for await (const chunk of stream as AsyncIterable<Buffer>) take(chunk);
    return;
  }
  await new Promise<void>((resolve, reject) => {
    const cutShort = (): void => {
      leave();
      const early = new Error('the stream was closed before its end');
      reject(stream.errored ?? Object.assign(early, { code: 'ERR_STREAM_PREMATURE_CLOSE' }));
    };
    const onEnd = (): void => {
      leave();
      resolve();
    };
    const onData = (chunk: Buffer): void => {
      try {
        take(chunk);
      } catch (error) {
        leave();
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    };
    const leave = (): void => {
      stream.off('data', onData).off('end', onEnd).off('close', cutShort);
    };
    // It stays: a stream that is broken once more, while it is destroyed, ends no process.
    stream.on('error', reject);
    if (stream.destroyed) cutShort();
    else stream.on('data', onData).once('end', onEnd).once('close', cutShort);
  });
}

/**
 * Iterates over what a stream of large content brings, as it comes, and destroys the stream in the end.
 *
 * @remarks A stream's own iterator copies together whatever has come since it was last asked: two copies and two
 * gibibytes of garbage for each gibibyte of a blob. No more than a window waits here, beside what waits in the stream.
 */
export async function* chunksOf(stream: Readable): AsyncGenerator<Buffer> {
  if (stream.readableFlowing === false) {
    // Only its own iterator can have such a stream wait.
    yield* stream as AsyncIterable<Buffer>;
    return;
  }
  const waiting: Buffer[] = [];
  let waitingBytes = 0;
  let end: { readonly fault?: unknown } | undefined;
  let wake = (): void => undefined;
  const take = (chunk: Buffer): void => {
    waiting.push(chunk);
    waitingBytes += chunk.length;
    if (waitingBytes >= windowBytes) stream.pause();
    wake();
  };
  const onEnd = (how: { readonly fault?: unknown }): void => {
    end = how;
    wake();
  };
  takeChunks(stream, take).then(
    () => {
      onEnd({});
    },
    (fault: unknown) => {
      onEnd({ fault });
    },
  );
  try {
    for (;;) {
      const chunk = waiting.shift();
      if (chunk !== undefined) {
        waitingBytes -= chunk.length;
        if (waitingBytes === 0 && stream.isPaused()) stream.resume();
        yield chunk;
      } else if (end === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      } else if ('fault' in end) throw end.fault;
      else break;
    }
    // Whoever goes on to the next one counts on this one being closed, and with it what it comes from.
    await finished(stream, { writable: false });
  } finally {
    stream.destroy();
  }
}
