import { Readable } from 'node:stream';
import { windowBytes } from '../content/stream-window.js';
import { verifiedStream } from '../content/verify-stream.js';
import type { Descriptor } from '../oci/descriptor.js';

/** The content, and how far it has been handed out. */
interface Cursor {
  readonly stream: Readable;
  readonly pieces: AsyncIterator<Buffer>;
  position: number;
  /** What was read and not handed out yet. */
  rest: Buffer;
}

/**
 * Hands out the content of a blob in parts, one after the other.
 *
 * @remarks Content that is a stream is read once, as long as every part follows the one before. Where one has to be sent
 * again, the content is opened anew and what comes before that part is skipped. Every byte passes verification each time,
 * and the last ones are held back until it is over: what is not the blob never arrives whole.
 */
export class BlobParts {
  readonly #content: Uint8Array | (() => Readable);
  readonly #blob: Descriptor;
  /** Stands where the next part begins; there is none while a part is being read, or after one that broke off. */
  #cursor: Cursor | undefined;
  #open: Readable | undefined;

  constructor(content: Uint8Array | (() => Readable), blob: Descriptor) {
    this.#content = content;
    this.#blob = blob;
  }

  /** Makes the body of a request from the bytes of a part; the request may open it as often as it is sent. */
  body(start: number, end: number): Uint8Array | (() => Readable) {
    const content = this.#content;
    if (content instanceof Uint8Array) return content.subarray(start, end);
    return () => Readable.from(this.#read(content, start, end), { objectMode: false, highWaterMark: windowBytes });
  }

  /** Closes the content; a part that is still being read fails. */
  close(): void {
    this.#open?.destroy();
    this.#cursor = undefined;
  }

  async *#read(content: () => Readable, start: number, end: number): AsyncGenerator<Buffer> {
    const cursor = this.#cursorAt(content, start);
    const { size } = this.#blob;
    try {
      if (size === 0) await assertEnded(cursor);
      while (cursor.position < end) {
        const from = cursor.position;
        const piece = await nextPiece(cursor, end);
        if (cursor.position === size) await assertEnded(cursor);
        // Whoever takes the last piece may never come back to ask whether there is more.
        if (cursor.position === end) this.#cursor = cursor;
        const fresh = piece.subarray(Math.max(0, start - from));
        if (fresh.length > 0) yield fresh;
      }
    } finally {
      if (cursor.position !== end) cursor.stream.destroy();
    }
  }

  #cursorAt(content: () => Readable, start: number): Cursor {
    const kept = this.#cursor;
    this.#cursor = undefined;
    if (kept?.position === start) return kept;
    this.#open?.destroy();
    const stream = verifiedStream(content(), this.#blob, 'the caller');
    this.#open = stream;
    const pieces = (stream as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
    return { stream, pieces, position: 0, rest: Buffer.alloc(0) };
  }
}

/** Takes what comes next, but nothing behind `end`. */
async function nextPiece(cursor: Cursor, end: number): Promise<Buffer> {
  if (cursor.rest.length === 0) {
    const next = await cursor.pieces.next();
    if (next.done === true) throw new TypeError('content that has passed verification is too short');
    cursor.rest = next.value;
  }
  const piece = cursor.rest.subarray(0, end - cursor.position);
  cursor.rest = cursor.rest.subarray(piece.length);
  cursor.position += piece.length;
  return piece;
}

/** Waits for the verdict of verification, which comes with the end of the content. */
async function assertEnded(cursor: Cursor): Promise<void> {
  for (;;) {
    const next = await cursor.pieces.next();
    if (next.done === true) return;
  }
}
