import { isOciError, RegistryError } from '../errors/index.js';
import type { BufferedResponse } from '../http/types.js';
import type { Descriptor } from '../oci/descriptor.js';
import { isManifestType } from '../oci/media-types.js';
import type { Connections } from './connections.js';
import type { Repository } from './repository.js';
import { isThere, sendDelete } from './send-delete.js';
import { cancelUpload, type UploadSession } from './upload-session.js';

/** Something a probe has put into a repository. */
export interface Piece {
  readonly at: Repository;
  readonly descriptor: Descriptor;
}

const cleanMs = 10_000;

/** What a probe has written and not removed yet. */
export class ProbeDebris {
  readonly #connections: Connections;
  readonly #pieces = new Set<Piece>();
  readonly #sessions = new Map<UploadSession, Repository>();

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  /** Notes content, before the request that may store it: its answer may get lost. */
  add(piece: Piece): Piece {
    this.#pieces.add(piece);
    return piece;
  }

  /** Notes that content is gone. */
  delete(piece: Piece): void {
    this.#pieces.delete(piece);
  }

  /** Notes that content was refused, unless it may be there all the same. */
  refuse(piece: Piece, { status }: BufferedResponse): void {
    if (status < 500 && status !== 408) this.#pieces.delete(piece);
  }

  /** Notes an open upload. */
  open(at: Repository, session: UploadSession): void {
    this.#sessions.set(session, at);
  }

  /** Notes where an upload goes on. */
  move(from: UploadSession, to: UploadSession): void {
    const at = this.#sessions.get(from);
    if (at === undefined) return;
    this.#sessions.delete(from);
    this.#sessions.set(to, at);
  }

  /** Notes that an upload has ended. */
  close(session: UploadSession): void {
    this.#sessions.delete(session);
  }

  /**
   * Removes everything, manifests before what they name; has a time of its own, so that it also runs for whoever gave up.
   *
   * @returns what is left, a sentence each
   */
  async clean(): Promise<readonly string[]> {
    const signal = AbortSignal.timeout(cleanMs);
    const left: string[] = [];
    const { maxErrorBytes } = this.#connections.options.limits;
    for (const [session, at] of this.#sessions) {
      const bound = { limitName: 'maxErrorBytes', limit: maxErrorBytes };
      if (await cancelUpload(at, session, bound, signal)) continue;
      left.push(`${at.describe('an upload')} could not be cancelled; it ends when the registry lets it expire`);
    }
    this.#sessions.clear();
    const stuck = new Map<string, string[]>();
    for (const piece of [...this.#pieces].sort((a, b) => Number(isBlob(a)) - Number(isBlob(b)))) {
      const reason = await this.#remove(piece, signal);
      if (reason === undefined) continue;
      const why = `${piece.at.host.host}/${piece.at.name} could not be removed again: ${reason}`;
      stuck.set(why, [...(stuck.get(why) ?? []), `${isBlob(piece) ? 'blob' : 'manifest'} ${piece.descriptor.digest}`]);
    }
    this.#pieces.clear();
    return [...left, ...[...stuck].map(([why, what]) => `the probe wrote ${what.join(', ')}, which in ${why}`)];
  }

  /** Returns why a piece is still there; undefined when it is not. */
  async #remove(piece: Piece, signal: AbortSignal): Promise<string | undefined> {
    const input = { connections: this.#connections, at: piece.at, descriptor: piece.descriptor, signal };
    try {
      await sendDelete(input, isBlob(piece) ? 'blobs' : 'manifests');
      // An answer that it was deleted is a word, and not yet a deed.
      return (await isThere(input)) ? 'the registry says that it was, and it is still there' : undefined;
    } catch (error) {
      if (signal.aborted) return 'there was no time left';
      if (error instanceof RegistryError) return `${error.method} was answered with ${error.status}`;
      if (isOciError(error)) return error.message;
      throw error;
    }
  }
}

function isBlob({ descriptor }: Piece): boolean {
  return !isManifestType(descriptor.mediaType);
}
