import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline, Readable, type Transform } from 'node:stream';
import { pipeline as pipelineToEnd } from 'node:stream/promises';
import { OciError } from '../errors/index.js';
import type { Descriptor } from '../oci/descriptor.js';
import { createHasher, parseDigest } from '../oci/digest.js';
import type { AbortableOptions } from './abort.js';
import { removeAbandonedParts, writeThroughPart } from './part-file.js';
import { errnoOf } from './read-small-file.js';
import { createVerifyStream, sizeMismatch, verifiedStream } from './verify-stream.js';

/** Bytes read from a file at once. */
const readSize = 256 * 1024;

/** Makes the error for a fault of the file system at a path. */
export type DirectoryFault = (cause: unknown, path: string) => Error;

/** What a {@link BlobDirectory} is made with. */
export interface BlobDirectoryOptions {
  /** For what cannot be read, what is no regular file included. */
  readonly readFault: DirectoryFault;
  /** For what cannot be written. */
  readonly writeFault: DirectoryFault;
  /** Lets only this user read what is written, and the folders that are made for it; false by default. */
  readonly isPrivate?: boolean | undefined;
}

/**
 * Content by digest in a directory, `blobs/<algorithm>/<hex>`, as an image layout keeps it.
 *
 * @remarks The directory is not trusted: every byte is hashed when it is read, and nothing is said to be there before it
 * was. Names are made of digests alone, and neither links nor anything else but regular files are followed; who can write
 * to the directory while it is in use can still do all that the user can.
 */
export class BlobDirectory {
  readonly #root: string;
  readonly #options: BlobDirectoryOptions;
  /** Folders that are there and hold nothing of runs that were killed. */
  readonly #prepared = new Map<string, Promise<void>>();

  constructor(root: string, options: BlobDirectoryOptions) {
    this.#root = root;
    this.#options = options;
  }

  /**
   * Opens content, verified on its way.
   *
   * @returns a stream the caller reads to its end or destroys
   * @throws {@link OciError} `ERR_OCI_NOT_FOUND`; `ERR_OCI_SIZE_MISMATCH` before anything is read
   */
  async fetch(descriptor: Descriptor, { signal }: AbortableOptions = {}): Promise<Readable> {
    signal?.throwIfAborted();
    const path = this.#pathOf(descriptor.digest);
    const opened = await this.#open(descriptor.digest, path);
    if (opened === undefined) throw notThere(descriptor.digest, this.#root);
    if (opened.size !== descriptor.size) {
      await opened.handle.close();
      throw sizeMismatch(descriptor, path, String(opened.size));
    }
    return verified(this.#chunks(opened.handle, path), createVerifyStream(descriptor, path), opened.handle, signal);
  }

  /** Tells how large what stands under a digest is, without reading it; undefined where nothing does. */
  async sizeOf(digest: string): Promise<number | undefined> {
    const opened = await this.#open(digest, this.#pathOf(digest));
    await opened?.handle.close();
    return opened?.size;
  }

  /** Tells whether the content is there, every byte of it; what is broken counts as absent, for a write replaces it. */
  async has({ digest, size }: Descriptor, { signal }: AbortableOptions = {}): Promise<boolean> {
    signal?.throwIfAborted();
    const path = this.#pathOf(digest);
    if (!(await this.#isFile(digest, path))) return false;
    const opened = await this.#open(digest, path);
    if (opened === undefined) return false;
    try {
      return opened.size === size && (await this.#hashesTo(opened.handle, digest, path, signal));
    } finally {
      await opened.handle.close();
    }
  }

  /**
   * Puts content under its digest; it gets its name when it is whole, verified and on disk.
   *
   * @param content - is read to its end or destroyed
   * @throws {@link IntegrityError} for other content; nothing is left of it
   */
  async write(
    descriptor: Descriptor,
    content: Uint8Array | Readable,
    { signal }: AbortableOptions = {},
  ): Promise<void> {
    const body = content instanceof Uint8Array ? Readable.from([content], { objectMode: false }) : content;
    try {
      signal?.throwIfAborted();
      await this.#prepare(parseDigest(descriptor.digest).algorithm);
      const { writeFault: fault, isPrivate } = this.#options;
      await writeThroughPart(this.#pathOf(descriptor.digest), { fault, isPrivate }, async (sink) => {
        const verifiedBody = verifiedStream(body, descriptor, 'its source');
        await pipelineToEnd([verifiedBody, sink], signal === undefined ? {} : { signal });
      });
    } catch (error) {
      body.destroy();
      signal?.throwIfAborted();
      throw error;
    }
  }

  /** Removes content; what is not there is no fault. */
  async remove(digest: string): Promise<void> {
    const path = this.#pathOf(digest);
    await unlink(path).catch((cause: unknown) => {
      if (errnoOf(cause) !== 'ENOENT') throw this.#options.writeFault(cause, path);
    });
  }

  #pathOf(digest: string): string {
    const { algorithm, encoded } = parseDigest(digest);
    return join(this.#root, 'blobs', algorithm, encoded);
  }

  async #open(digest: string, path: string): Promise<{ handle: FileHandle; size: number } | undefined> {
    let handle: FileHandle | undefined;
    try {
      await this.#assertFolders(parseDigest(digest).algorithm);
      // A named pipe would keep whoever opens it waiting, and a link leads anywhere.
      handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
      const found = await handle.stat();
      if (!found.isFile()) throw new Error('it is no regular file');
      return { handle, size: found.size };
    } catch (cause) {
      await handle?.close();
      if (errnoOf(cause) === 'ENOENT') return undefined;
      throw this.#options.readFault(cause, path);
    }
  }

  /** A link, a pipe or a directory in the place of content is no content. */
  async #isFile(digest: string, path: string): Promise<boolean> {
    try {
      await this.#assertFolders(parseDigest(digest).algorithm);
      return (await lstat(path)).isFile();
    } catch (cause) {
      if (errnoOf(cause) === 'ENOENT') return false;
      throw this.#options.readFault(cause, path);
    }
  }

  async #hashesTo(handle: FileHandle, digest: string, path: string, signal: AbortSignal | undefined): Promise<boolean> {
    const { hash, finish } = createHasher(digest);
    for await (const chunk of this.#chunks(handle, path)) {
      signal?.throwIfAborted();
      hash.update(chunk);
    }
    return finish() === digest;
  }

  async *#chunks(handle: FileHandle, path: string): AsyncGenerator<Buffer> {
    for (;;) {
      const { buffer, bytesRead } = await handle
        .read(Buffer.allocUnsafe(readSize), 0, readSize)
        .catch((cause: unknown) => {
          throw this.#options.readFault(cause, path);
        });
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  }

  async #assertFolders(algorithm: string): Promise<void> {
    for (const folder of [join(this.#root, 'blobs'), join(this.#root, 'blobs', algorithm)]) {
      assertFolder(await lstat(folder), folder);
    }
  }

  async #prepare(algorithm: string): Promise<void> {
    const known = this.#prepared.get(algorithm);
    if (known !== undefined) {
      await known;
      return;
    }
    const folder = join(this.#root, 'blobs', algorithm);
    const preparing = (async () => {
      await mkdir(folder, { recursive: true, mode: this.#options.isPrivate === true ? 0o700 : 0o777 });
      await this.#assertFolders(algorithm);
      await removeAbandonedParts(folder);
    })().catch((cause: unknown) => {
      this.#prepared.delete(algorithm);
      throw this.#options.writeFault(cause, folder);
    });
    this.#prepared.set(algorithm, preparing);
    await preparing;
  }
}

function assertFolder(found: Stats, folder: string): void {
  if (!found.isDirectory()) throw new Error(`${folder} is no directory of its own`);
}

/** Reads an open file through verification; closes it when the stream is over, for whatever reason. */
function verified(
  chunks: AsyncIterable<Buffer>,
  verify: Transform,
  handle: FileHandle,
  signal: AbortSignal | undefined,
): Readable {
  const giveUp = (): void => {
    verify.destroy(signal?.reason as Error);
  };
  signal?.addEventListener('abort', giveUp, { once: true });
  verify.once('close', () => {
    signal?.removeEventListener('abort', giveUp);
    handle.close().catch(() => undefined);
  });
  // The reader hears of every fault through the stream itself; pipeline only ties the two lives together.
  pipeline(chunks, verify, () => undefined);
  if (signal?.aborted === true) giveUp();
  return verify;
}

/** Makes the error for content that is not there. */
export function notThere(digest: string, root: string): OciError {
  return new OciError('ERR_OCI_NOT_FOUND', `${digest} is not in ${root}`, {
    hint: 'it was copied there only in part, or never: copy the image there again',
  });
}
