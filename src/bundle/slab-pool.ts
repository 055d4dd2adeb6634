/** Bytes of a piece of memory that is used again. */
const slabBytes = 256 * 1024;

/**
 * Memory for content that waits for its turn, used again instead of left to the garbage collector.
 *
 * @remarks What the collector has not got round to is resident too: with a buffer of its own for each blob, twice the budget
 * is in use, and more on a busy machine. It never shrinks; the most that was held at once bounds it.
 */
export class SlabPool {
  readonly #free: Buffer[] = [];

  /** Gives memory for some or all of so many bytes; a rest smaller than a slab gets its own. */
  take(bytes: number): Buffer {
    if (bytes < slabBytes) return Buffer.allocUnsafeSlow(bytes);
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(slabBytes);
  }

  /** Takes memory back; nobody may look at it any more. */
  giveBack(slab: Buffer): void {
    if (slab.length === slabBytes) this.#free.push(slab);
  }
}
