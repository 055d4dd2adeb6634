import { createHash, type Hash, randomUUID } from 'node:crypto';
import { type DigestAlgorithm, parseDigest } from '../oci/digest.js';

/** A blob on its way in. */
export class UploadSession {
  readonly id: string = randomUUID();
  readonly repository: string;
  readonly #chunks: Buffer[] = [];
  // Which algorithm counts is known only when the upload ends, so both run along.
  readonly #hashes: Readonly<Record<DigestAlgorithm, Hash>> = {
    sha256: createHash('sha256'),
    sha512: createHash('sha512'),
  };
  #size = 0;

  constructor(repository: string) {
    this.repository = repository;
  }

  /** Bytes received so far. */
  get size(): number {
    return this.#size;
  }

  append(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    this.#hashes.sha256.update(chunk);
    this.#hashes.sha512.update(chunk);
  }

  /** Tells whether what was received has a digest. */
  matches(digest: string): boolean {
    const { algorithm, encoded } = parseDigest(digest);
    return this.#hashes[algorithm].copy().digest('hex') === encoded;
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#chunks, this.#size);
  }
}

/** The uploads that have been started and not been ended. */
export class UploadSessions {
  readonly #sessions = new Map<string, UploadSession>();

  open(repository: string): UploadSession {
    const session = new UploadSession(repository);
    this.#sessions.set(session.id, session);
    return session;
  }

  /** Finds a session; one of another repository counts as unknown. */
  find(id: string, repository: string): UploadSession | undefined {
    const session = this.#sessions.get(id);
    return session?.repository === repository ? session : undefined;
  }

  end(session: UploadSession): void {
    this.#sessions.delete(session.id);
  }
}
