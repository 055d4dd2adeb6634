import type { BigIntStats } from 'node:fs';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import type { AbortableOptions } from '../content/abort.js';
import { removeAbandonedParts, writeThroughPart } from '../content/part-file.js';
import { errnoOf, readSmallFile } from '../content/read-small-file.js';
import { isOciError, LimitError } from '../errors/index.js';
import { layoutVersion, ociLayoutFile } from '../oci/image-layout.js';
import { type ImageIndex, parseIndex } from '../oci/manifest.js';
import { mediaTypes } from '../oci/media-types.js';
import { parseJsonAs } from '../oci/strict-json.js';
import { ValueBudget } from '../oci/value-budget.js';
import { DirectoryLock } from './directory-lock.js';
import { layoutInvalid, layoutUnreadable, layoutUnwritable } from './layout-faults.js';

/** `oci-layout` holds one short field. */
const maxLayoutFileBytes = 64 * 1024;
/** Bytes of index.json: as many as a bundle's may have, 200,000 entries and more. */
const maxIndexBytes = 64 * 1024 * 1024;
/** Commas and opening brackets in it: 64 MiB of nothing else would take two gigabytes of memory. */
const maxValues = 1_000_000;
/** How often index.json may change under an update before that is a fault. */
const maxTries = 20;

const layoutFileSchema: z.ZodType<{ imageLayoutVersion: string }> = z.object({ imageLayoutVersion: z.string() });
const emptyIndex = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] };

/** One entry as it stands in the file, fields nobody here knows included. */
export type RawEntry = Readonly<Record<string, unknown>>;

/** The new entries; undefined leaves the file as it is. */
type Changed = readonly RawEntry[] | undefined;

/** What index.json says, and which state of the file said it. */
export interface IndexState {
  readonly index: ImageIndex;
  readonly bytes: Uint8Array;
  /** The same for the same file in the same state. */
  readonly stamp: string;
}

/** Reads and rewrites the index.json of one layout directory. */
export class IndexFile {
  readonly #root: string;
  readonly #path: string;
  readonly #lock: DirectoryLock;
  #mayCreate: boolean;
  #isTidy = false;
  #state: IndexState | undefined;

  private constructor(root: string, mayCreate: boolean) {
    this.#root = root;
    this.#path = join(root, 'index.json');
    this.#lock = new DirectoryLock(join(root, '.index.json.lock'));
    this.#mayCreate = mayCreate;
  }

  /**
   * Opens the index of a layout; with `mayCreate` a directory that is not there, or empty, is one that is still to be made.
   *
   * @throws BundleError `ERR_OCI_LAYOUT_INVALID`, `ERR_OCI_LAYOUT_SOURCE`
   */
  static async open(root: string, mayCreate: boolean): Promise<IndexFile> {
    const file = new IndexFile(root, mayCreate && (await isNew(root)));
    if (!file.#mayCreate) await assertLayoutFile(root);
    await file.read();
    return file;
  }

  /** Reads the index as it is now; a file that has not changed is not read again. */
  async read(): Promise<IndexState> {
    const stamp = await this.#stamp();
    if (this.#state !== undefined && this.#state.stamp === stamp) return this.#state;
    const fault = (reason: string, cause?: unknown): Error => layoutUnreadable(cause ?? new Error(reason), this.#path);
    const bytes = await readSmallFile(this.#path, maxIndexBytes, fault);
    if (bytes === undefined && !this.#mayCreate) throw layoutInvalid(this.#root, 'it has no index.json');
    const content = bytes ?? Buffer.from(JSON.stringify(emptyIndex));
    this.#state = { index: parse(content, this.#path), bytes: content, stamp };
    return this.#state;
  }

  /**
   * Changes the entries, one update at a time.
   *
   * @remarks Writers of this package take turns by a lock file. Others do not know it: where the file changed while the
   * new one was made, that is thrown away and made again from what is there now.
   * @param change - may be called several times
   */
  async update(
    change: (state: IndexState, entries: readonly RawEntry[]) => Changed | Promise<Changed>,
    { signal }: AbortableOptions = {},
  ): Promise<void> {
    await this.create();
    await this.#tidy();
    await this.#lock.run(async (assertHeld) => {
      for (let left = maxTries; left > 0; left--) {
        const state = await this.read();
        const document = JSON.parse(Buffer.from(state.bytes).toString()) as { manifests: RawEntry[] };
        const manifests = await change(state, document.manifests);
        if (manifests === undefined) return;
        const bytes = Buffer.from(JSON.stringify({ ...document, manifests }));
        // What could not be read again must not be written.
        parse(bytes, this.#path);
        if (bytes.length > maxIndexBytes)
          throw layoutUnwritable(new Error(`it would exceed ${maxIndexBytes} bytes`), this.#path);
        if (await this.#replace(bytes, state.stamp, assertHeld)) return;
        signal?.throwIfAborted();
      }
      throw layoutUnwritable(new Error('another program keeps changing it'), this.#path);
    }, signal);
  }

  /** Makes the directory a layout, if it is to be made at all. */
  async create(): Promise<void> {
    if (!this.#mayCreate) return;
    await mkdir(join(this.#root, 'blobs', 'sha256'), { recursive: true }).catch((cause: unknown) => {
      throw layoutUnwritable(cause, this.#root);
    });
    await this.#tidy();
    await this.#lock.run(async (assertHeld) => {
      // Whoever was faster may have filled it already.
      if (!(await this.#isThere())) await this.#replace(Buffer.from(JSON.stringify(emptyIndex)), 'absent', assertHeld);
      await writeFile(join(this.#root, 'oci-layout'), ociLayoutFile);
    });
    this.#mayCreate = false;
  }

  /** Removes what runs that were killed have left, once. */
  async #tidy(): Promise<void> {
    if (this.#isTidy) return;
    await removeAbandonedParts(this.#root).catch((cause: unknown) => {
      throw layoutUnwritable(cause, this.#root);
    });
    this.#isTidy = true;
  }

  async #isThere(): Promise<boolean> {
    return (await this.#stamp()) !== 'absent';
  }

  /** Puts the new file in place, unless the old one has changed since. */
  async #replace(bytes: Buffer, stamp: string, assertHeld: () => Promise<void>): Promise<boolean> {
    const outdated = new Error('index.json has changed');
    const beforeRename = async (): Promise<void> => {
      await assertHeld();
      if ((await this.#stamp()) !== stamp) throw outdated;
    };
    try {
      await writeFile(this.#path, bytes, beforeRename);
      return true;
    } catch (error) {
      if (error === outdated) return false;
      throw error;
    }
  }

  async #stamp(): Promise<string> {
    try {
      return stampOf(await stat(this.#path, { bigint: true }));
    } catch (cause) {
      if (errnoOf(cause) === 'ENOENT') return 'absent';
      throw layoutUnreadable(cause, this.#path);
    }
  }
}

async function writeFile(path: string, bytes: Buffer, beforeRename?: () => Promise<void>): Promise<void> {
  await writeThroughPart(path, { fault: layoutUnwritable, beforeRename }, async (sink) => {
    await pipeline(Readable.from([bytes], { objectMode: false }), sink);
  });
}

function stampOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join('-');
}

function parse(bytes: Uint8Array, path: string): ImageIndex {
  const excess = new ValueBudget(maxValues).take(bytes);
  if (excess !== undefined) {
    const { what, limitName, limit } = excess;
    const hint = 'keep the images in several layouts';
    throw new LimitError(`${path} has ${what} than it may have (${limit})`, { limitName, limit, hint });
  }
  try {
    return parseIndex(bytes, path);
  } catch (cause) {
    if (isOciError(cause)) throw layoutInvalid(path, cause.message, cause);
    throw cause;
  }
}

/** Nothing is there, or an empty directory; what a run that was killed left does not count. */
async function isNew(root: string): Promise<boolean> {
  try {
    const names = await readdir(root);
    return names.every((name) => name === 'blobs' || name === 'index.json' || /^\..*\.(?:part|lock)$/.test(name));
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return true;
    throw layoutUnreadable(cause, root);
  }
}

async function assertLayoutFile(root: string): Promise<void> {
  const path = join(root, 'oci-layout');
  const fault = (reason: string, cause?: unknown): Error => layoutUnreadable(cause ?? new Error(reason), path);
  const bytes = await readSmallFile(path, maxLayoutFileBytes, fault);
  if (bytes === undefined) throw layoutInvalid(root, 'it has no file oci-layout');
  try {
    const { imageLayoutVersion } = parseJsonAs(bytes, layoutFileSchema, path);
    if (imageLayoutVersion === layoutVersion) return;
    throw layoutInvalid(
      root,
      `oci-layout names version ${JSON.stringify(imageLayoutVersion.slice(0, 80))}, not ${layoutVersion}`,
    );
  } catch (cause) {
    if (isOciError(cause) && cause.code !== 'ERR_OCI_LAYOUT_INVALID') throw layoutInvalid(root, cause.message, cause);
    throw cause;
  }
}
