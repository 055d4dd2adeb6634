const empty = Buffer.alloc(0);

/**
 * Takes exact amounts out of a stream of chunks, whose memory may be used again for the next but one of them.
 *
 * @internal
 */
export class ByteCursor {
  readonly #chunks: AsyncIterator<Buffer>;
  #chunk: Buffer = empty;
  #position = 0;

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Bytes taken so far. */
  get position(): number {
    return this.#position;
  }

  /** Takes 1 to `most` bytes, as they lie in their chunk: they count until the next ones are taken; undefined at the end. */
  async readSome(most: number): Promise<Buffer | undefined> {
    if (this.#chunk.length === 0 && !(await this.#fill())) return undefined;
    const taken = this.#chunk.subarray(0, most);
    this.#chunk = this.#chunk.subarray(taken.length);
    this.#position += taken.length;
    return taken;
  }

  /** Takes a copy of `size` bytes, a header or the like; fewer only at the end. */
  async readExactly(size: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(size);
    let filled = 0;
    while (filled < size) {
      const part = await this.readSome(size - filled);
      if (part === undefined) break;
      filled += part.copy(bytes, filled);
    }
    return bytes.subarray(0, filled);
  }

  /** Puts bytes back that were taken last. */
  unread(bytes: Buffer): void {
    this.#position -= bytes.length;
    this.#chunk = this.#chunk.length === 0 ? bytes : Buffer.concat([bytes, this.#chunk]);
  }

  /** Tells whether nothing is left. */
  async isAtEnd(): Promise<boolean> {
    return this.#chunk.length === 0 && !(await this.#fill());
  }

  /** Lets go of the chunks below; what was not read stays unread. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #fill(): Promise<boolean> {
    while (this.#chunk.length === 0) {
      const next = await this.#chunks.next();
      if (next.done === true) return false;
      this.#chunk = next.value;
    }
    return true;
  }
}
