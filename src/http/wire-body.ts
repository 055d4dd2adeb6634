import { Readable } from 'node:stream';

/** Bytes of a body, and whether there were more. */
export interface CutBytes {
  readonly bytes: Buffer;
  readonly truncated: boolean;
}

/** What a body can tell its connection. */
export interface WireControl {
  pause(): void;
  resume(): void;
  /** Breaks the connection off. */
  abort(reason: Error): void;
}

interface Collector {
  readonly most: number;
  readonly resolve: (bytes: CutBytes) => void;
  readonly reject: (error: unknown) => void;
}

/** How a body ended. */
type End = { readonly isWhole: true } | { readonly isWhole: false; readonly error: unknown };

/** What is held for a reader who has not come yet, and what a stream holds: then the connection waits. */
const heldBytes = 64 * 1024;
/** Pieces that are held before they are put together: a body may come in single bytes, each with a buffer of its own. */
const mostLoose = 256;
const discardMs = 1_000;

/**
 * The encoded body of an answer, as it comes from its connection; read once, whole or as a stream.
 *
 * @remarks A Node stream costs several times what it takes to receive the few kilobytes most answers consist of: there is
 * one only for whoever asks for it.
 */
export class WireBody {
  readonly #control: WireControl;
  readonly #onClose: (() => void)[] = [];
  #held: Buffer[] = [];
  /** How many of what is held have not been put together. */
  #loose = 0;
  #size = 0;
  #end: End | undefined;
  #isClosed = false;
  #collector: Collector | undefined;
  #stream: Readable | undefined;

  constructor(control: WireControl) {
    this.#control = control;
  }

  /** Takes what the connection brings. */
  push(chunk: Buffer): void {
    if (this.#isClosed) return;
    if (this.#stream !== undefined) {
      if (!this.#stream.push(chunk)) this.#control.pause();
      return;
    }
    this.#hold(chunk);
    if (this.#collector !== undefined) this.#giveCollected(this.#collector);
    else if (this.#size > heldBytes) this.#control.pause();
  }

  /** Bytes that are held. */
  get size(): number {
    return this.#size;
  }

  /** The connection has brought the last byte. */
  end(): void {
    this.#finish({ isWhole: true });
  }

  /** The body is not what it should be, or its connection failed: which is broken off, if it is there. */
  fail(error: unknown): void {
    this.#finish({ isWhole: false, error });
    this.#control.abort(toError(error));
  }

  /** Reads the body whole, or up to a bound, behind which the connection is broken off; once. */
  collect(most: number): Promise<CutBytes> {
    return new Promise((resolve, reject) => {
      if (this.#isTaken()) throw new Error('the body of the answer is being read already');
      this.#collector = { most, resolve, reject };
      this.#giveCollected(this.#collector);
      if (!this.#isClosed) this.#control.resume();
    });
  }

  /** Hands the body over as a stream, once, which the caller reads to its end or destroys. */
  stream(): Readable {
    if (this.#isTaken()) throw new TypeError('the body of the answer is being read already');
    const stream = new Readable({
      highWaterMark: heldBytes,
      read: () => {
        this.#control.resume();
      },
      destroy: (error, done) => {
        this.#close();
        done(error);
      },
    });
    this.#stream = stream;
    for (const chunk of this.#held.splice(0)) stream.push(chunk);
    if (this.#end !== undefined) endStream(stream, this.#end);
    return stream;
  }

  /** Leaves what has not been read; the connection is broken off unless everything has come. */
  destroy(): void {
    this.#stream?.on('error', () => undefined).destroy();
    this.#close();
  }

  /** Gets rid of it: what is small is read so that its connection can be used again, anything else is left. */
  async discard(): Promise<void> {
    const timer = setTimeout(() => {
      this.destroy();
    }, discardMs);
    // Too slow, broken, left or taken already: nobody wanted it.
    await this.collect(heldBytes).catch(() => undefined);
    clearTimeout(timer);
    this.destroy();
  }

  /** Calls back when the body has been read, left or broken off, also when that has happened. */
  whenClosed(callback: () => void): void {
    if (this.#isClosed) callback();
    else this.#onClose.push(callback);
  }

  #hold(chunk: Buffer): void {
    this.#held.push(chunk);
    this.#size += chunk.length;
    this.#loose++;
    if (this.#loose < mostLoose) return;
    this.#held.push(Buffer.concat(this.#held.splice(-mostLoose)));
    this.#loose = 0;
  }

  #isTaken(): boolean {
    return this.#collector !== undefined || this.#stream !== undefined;
  }

  #finish(end: End): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    if (this.#stream !== undefined) endStream(this.#stream, end);
    else if (this.#collector !== undefined) this.#giveCollected(this.#collector);
  }

  #giveCollected({ most, resolve, reject }: Collector): void {
    const truncated = this.#size > most;
    const end = this.#end;
    if (end === undefined && !truncated) return;
    const chunks = this.#held;
    // What fails behind the bound is not looked at any more.
    if (truncated || end?.isWhole === true) resolve({ bytes: joined(chunks, Math.min(this.#size, most)), truncated });
    else reject(end?.error);
    this.#close();
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#held = [];
    const error = new Error('the body of the answer was left');
    if (this.#end === undefined) {
      this.#end = { isWhole: false, error };
      this.#control.abort(error);
    }
    // Nobody waits for what does not come any more; who has been served does not hear this.
    this.#collector?.reject(error);
    for (const callback of this.#onClose) callback();
  }
}

function endStream(stream: Readable, end: End): void {
  if (end.isWhole) stream.push(null);
  else stream.destroy(toError(end.error));
}

/** A caller may give up with any value as the reason; a stream fails with an error. */
export function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error('given up', { cause: error });
}

function joined(chunks: readonly Buffer[], size: number): Buffer {
  const [first] = chunks;
  return chunks.length === 1 && first !== undefined ? first.subarray(0, size) : Buffer.concat(chunks, size);
}
