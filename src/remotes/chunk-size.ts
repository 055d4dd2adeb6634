import type { UploadSession } from './upload-session.js';

/** Chunks are made no smaller: each costs a round trip, and GHCR, the strictest registry known, takes 4 MiB. */
const leastChunkBytes = 1024 * 1024;

/** How large the chunks of one upload are: they only ever get smaller, and never smaller than the registry asks for. */
export class ChunkSize {
  #bytes: number;

  constructor(mostBytes: number) {
    this.#bytes = mostBytes;
  }

  /** Offset behind the last byte of the chunk that comes next. */
  endOf({ received, minChunkBytes }: UploadSession, size: number): number {
    return Math.min(size, received + Math.max(this.#bytes, minChunkBytes));
  }

  /** Takes a quarter of it. */
  shrink(bytes: number = this.#bytes): void {
    this.#bytes = Math.min(bytes, Math.max(leastChunkBytes, Math.floor(bytes / 4)));
  }

  /** The same after a chunk that was refused; false when one of that length cannot be made any smaller. */
  shrinkBelow(bytes: number, { minChunkBytes }: UploadSession): boolean {
    if (bytes <= Math.max(leastChunkBytes, minChunkBytes)) return false;
    this.shrink(bytes);
    return true;
  }
}
