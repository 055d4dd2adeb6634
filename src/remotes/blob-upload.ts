import { Readable } from 'node:stream';
import { ProtocolError, type RegistryError } from '../errors/index.js';
import type { BufferedResponse } from '../http/types.js';
import type { Descriptor } from '../oci/descriptor.js';
import { BlobParts } from './blob-parts.js';
import { ChunkSize } from './chunk-size.js';
import type { Connections } from './connections.js';
import type { Repository } from './repository.js';
import { assertStoredDigest, isBlobThere } from './stored-content.js';
import {
  askStatus,
  cancelUpload,
  isSessionLost,
  lostSession,
  nextLocation,
  parseReceived,
  postUpload,
  sessionFrom,
  type UploadSession,
  type UploadStatus,
  withDigest,
} from './upload-session.js';
import { isUnclear, UploadTries } from './upload-tries.js';

const octets = { 'content-type': 'application/octet-stream' };

/** What one upload is made of. */
export interface BlobUploadInput {
  readonly connections: Connections;
  readonly at: Repository;
  readonly blob: Descriptor;
  readonly content: Uint8Array | (() => Readable);
  readonly signal: AbortSignal | undefined;
}

/**
 * Brings one blob into a repository: in one PUT, or in chunks that go on where a connection broke.
 *
 * @remarks One PUT is what every registry takes. Google's takes nothing else, GHCR no chunk above 4 MiB, and ECR answers
 * a chunk with 201 and a `Range` that stands still. So chunks are for blobs that are too large to begin again, and for
 * those that broke off; where they are refused, the blob goes whole. Nothing is sent again before it is known what
 * became of it the first time.
 */
export class BlobUpload {
  readonly #input: BlobUploadInput;
  readonly #parts: BlobParts;
  readonly #tries: UploadTries;
  readonly #chunkSize: ChunkSize;
  readonly #what: string;
  #session: UploadSession | undefined;
  #mayChunk: boolean;
  #isChunked: boolean;
  /** Offset behind the last byte that was ever sent in this session. */
  #sent = 0;
  /** True once a PUT has ended the upload, as far as this side knows. */
  #mayBeStored = false;
  /** True while nobody knows how much of a chunk that broke off has arrived. */
  #isInDoubt = false;
  /** True when a chunk was answered 201: what is said about progress is not true then (ECR). */
  #isEarly = false;

  constructor(input: BlobUploadInput) {
    const { connections, at, blob, content, signal } = input;
    const { limits } = connections.options;
    this.#input = input;
    this.#what = at.describe(`blob ${blob.digest}`);
    this.#parts = new BlobParts(content, blob);
    this.#tries = new UploadTries({ what: this.#what, size: blob.size, options: connections.options, signal });
    this.#mayChunk = connections.capabilities.takesChunks(at.key);
    this.#isChunked = this.#mayChunk && blob.size > limits.maxPutBytes;
    this.#chunkSize = new ChunkSize(limits.maxChunkBytes);
  }

  /** Runs until the blob is stored; an upload that is given up is cancelled at the registry. */
  async run(): Promise<void> {
    try {
      while (!(await this.#try()));
    } catch (error) {
      await this.#drop();
      throw error;
    } finally {
      this.#parts.close();
    }
  }

  /** Takes one step; true when the blob is stored. */
  async #try(): Promise<boolean> {
    try {
      this.#session ??= await this.#open();
      if (!this.#isChunked) return await this.#sendWhole(this.#session);
      if (this.#session.received === this.#input.blob.size) return await this.#finish(this.#session);
      return await this.#sendChunk(this.#session);
    } catch (error) {
      return await this.#recover(this.#asUnclear(error));
    }
  }

  async #open(): Promise<UploadSession> {
    const { at, signal } = this.#input;
    const answer = await postUpload(at, {}, this.#bound, { signal });
    if (answer.status !== 202) throw this.#refused(answer, 'start the upload of');
    this.#sent = 0;
    this.#isInDoubt = false;
    this.#isEarly = false;
    return sessionFrom(answer, this.#what);
  }

  async #sendWhole(session: UploadSession): Promise<boolean> {
    const { at, blob } = this.#input;
    this.#sent = blob.size;
    const answer = await this.#put(session, this.#parts.body(0, blob.size), blob.size);
    if (this.#isStored(answer)) return true;
    if (isSessionLost(at, answer)) return await this.#begin(lostSession(at, answer, blob));
    throw this.#refused(answer, 'upload');
  }

  async #sendChunk(session: UploadSession): Promise<boolean> {
    const { at, blob, signal } = this.#input;
    const { received, location } = session;
    const end = this.#chunkSize.endOf(session, blob.size);
    this.#sent = Math.max(this.#sent, end);
    const answer = await at.read('PATCH', location, this.#bound, {
      signal,
      scopes: [at.scope('pull,push')],
      kind: 'blob',
      headers: { ...octets, 'content-range': `${received}-${end - 1}` },
      body: this.#parts.body(received, end),
      bodySize: end - received,
    });
    if (answer.status >= 200 && answer.status < 300) return await this.#advance(session, answer, end);
    const refused = this.#refused(answer, 'upload a chunk of');
    if (isFinal(refused)) throw refused;
    if (answer.status === 416) return await this.#realign(session, answer, end);
    if (answer.status === 413) return await this.#shrink(session, end, refused);
    const isFresh = received === 0 && !this.#isInDoubt;
    if (!isFresh && isSessionLost(at, answer)) return await this.#begin(lostSession(at, answer, blob));
    return await this.#goWhole(refused);
  }

  /** Takes over what the answer to a chunk says. Less than was sent may be progress too; next to nothing is a fault. */
  async #advance(session: UploadSession, answer: BufferedResponse, end: number): Promise<boolean> {
    this.#isEarly ||= answer.status === 201;
    const said = this.#isEarly ? end : (parseReceived(answer.headers.get('range')) ?? end);
    const location = nextLocation(this.#input.at, answer, session, this.#what);
    this.#isInDoubt = false;
    const { best } = this.#tries;
    this.#moveTo(session, { location, received: said });
    if (said === end || this.#tries.best > best) return false;
    const stuck = this.#badRange(`answers a chunk with ${answer.status} and takes next to nothing of it`);
    // One that cannot count at all may still take the blob whole; one that could is in trouble.
    if (session.received === 0 && this.#tries.failures > 0) return await this.#goWhole(stuck);
    return await this.#recover(stuck);
  }

  /** A chunk does not begin where the registry stands, or is more than it takes at once. */
  async #realign(session: UploadSession, answer: BufferedResponse, end: number): Promise<boolean> {
    const { at, blob } = this.#input;
    const refused = this.#refused(answer, 'upload a chunk of');
    // Nothing was there and nothing is in doubt, so it is not the place that is wrong with the chunk.
    if (session.received === 0 && !this.#isInDoubt) return await this.#shrink(session, end, refused);
    let status = await this.#askStatus(session);
    const said = this.#isEarly ? undefined : parseReceived(answer.headers.get('range'));
    if (status === 'unknown' && said !== undefined) {
      status = { location: nextLocation(at, answer, session, this.#what), received: said };
    }
    if (status === 'lost' || (status === 'unknown' && this.#isInDoubt)) {
      this.#chunkSize.shrink();
      return await this.#begin(lostSession(at, answer, blob));
    }
    this.#isInDoubt = false;
    const { best } = this.#tries;
    if (status === 'unknown' || !this.#moveTo(session, status)) return await this.#shrink(session, end, refused);
    if (this.#tries.best === best) await this.#tries.again(refused);
    return false;
  }

  async #finish(session: UploadSession): Promise<boolean> {
    const { at, blob } = this.#input;
    // A stream, since what is sent decides how long the answer may take: a registry may copy the whole blob now.
    const answer = await this.#put(session, () => Readable.from([]), 0);
    if (this.#isStored(answer)) return true;
    const refused = this.#refused(answer, 'finish the upload of');
    if (isFinal(refused)) throw refused;
    if (await isBlobThere(at, blob, this.#bound, this.#input.signal)) return true;
    // After a 201 it is not the session that was lost, but the way it was filled that was not taken (ECR).
    if (!this.#isEarly && isSessionLost(at, answer)) return await this.#begin(lostSession(at, answer, blob));
    return await this.#goWhole(refused);
  }

  async #put(session: UploadSession, body: Uint8Array | (() => Readable), bodySize: number): Promise<BufferedResponse> {
    const { at, blob, signal } = this.#input;
    this.#mayBeStored = true;
    return await at.read('PUT', withDigest(session.location, blob.digest), this.#bound, {
      signal,
      scopes: [at.scope('pull,push')],
      kind: 'blob',
      headers: octets,
      body,
      bodySize,
      once: bodySize > 0,
    });
  }

  #isStored(answer: BufferedResponse): boolean {
    // 204 is what the Docker registry's own specification allows too.
    if (answer.status !== 201 && answer.status !== 204) return false;
    assertStoredDigest(answer, this.#input.blob.digest, this.#what);
    return true;
  }

  /** Finds out where things stand after a request whose outcome is unclear. */
  async #recover(fault: Error): Promise<boolean> {
    let unclear = fault;
    for (;;) {
      await this.#tries.again(unclear);
      try {
        return await this.#takeStock();
      } catch (error) {
        unclear = this.#asUnclear(error);
      }
    }
  }

  async #takeStock(): Promise<boolean> {
    const { at, blob, connections, signal } = this.#input;
    if (this.#mayBeStored && (await isBlobThere(at, blob, this.#bound, signal))) return true;
    const session = this.#session;
    if (session === undefined) return false;
    const status = await this.#askStatus(session);
    const isWhole = !this.#isChunked;
    const isLarge = blob.size > connections.options.limits.maxChunkBytes;
    if (typeof status === 'object' && (this.#mayChunk || status.received <= 1)) {
      this.#moveTo(session, status);
      this.#isChunked = this.#mayChunk && (!isWhole || isLarge || this.#session?.received !== 0);
    } else if (status === 'unknown' && !isWhole) this.#isInDoubt = true;
    else {
      if (status === 'lost') this.#session = undefined;
      await this.#drop();
      this.#isChunked = this.#mayChunk && (!isWhole || isLarge);
    }
    // A line, or a registry, that did not carry a chunk twice may carry a smaller one.
    if (this.#tries.failures > 1 && typeof status !== 'object') this.#chunkSize.shrink();
    return false;
  }

  /** Asks how the upload stands, unless the answer is known to be worth nothing. */
  async #askStatus(session: UploadSession): Promise<UploadStatus> {
    if (this.#isEarly) return 'unknown';
    return await askStatus(this.#input.at, session, this.#what, this.#bound, { signal: this.#input.signal });
  }

  /** Notes where the registry stands; false when that is where it stood before. */
  #moveTo(session: UploadSession, now: Pick<UploadSession, 'location' | 'received'>): boolean {
    // `0-0` is how most registries say that they have nothing; a single byte is hardly ever all there is.
    const received = now.received === 1 && session.received === 0 && this.#sent > 1 ? 0 : now.received;
    if (received < session.received || received > this.#sent) {
      throw this.#badRange(`has ${received} bytes, it says, of which it had ${session.received} and got ${this.#sent}`);
    }
    this.#session = { ...session, location: now.location, received };
    this.#tries.note(received);
    // What did not arrive is sent again, each time: a line that carries less than half may carry a smaller chunk whole.
    const half = (this.#chunkSize.endOf(session, this.#input.blob.size) + session.received) / 2;
    if (this.#isChunked && received < half) this.#chunkSize.shrink();
    return received > session.received;
  }

  /** Begins again in a new session, since the registry does not know this one. */
  async #begin(lost: RegistryError): Promise<boolean> {
    const { at, blob, signal } = this.#input;
    this.#session = undefined;
    if (this.#mayBeStored && (await isBlobThere(at, blob, this.#bound, signal))) return true;
    await this.#tries.again(lost);
    return false;
  }

  async #shrink(session: UploadSession, end: number, refused: RegistryError): Promise<boolean> {
    return this.#chunkSize.shrinkBelow(end - session.received, session) ? false : await this.#goWhole(refused);
  }

  /** Sends the blob in one piece, here and from now on, to a registry that refuses chunks. */
  async #goWhole(refused: Error): Promise<boolean> {
    const { connections, at } = this.#input;
    connections.options.logger.debug(`upload ${this.#what}: no chunks from here on: ${refused.message}`);
    connections.capabilities.addChunkRefusal(at.key);
    this.#mayChunk = false;
    this.#isChunked = false;
    await this.#drop();
    return false;
  }

  async #drop(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    if (session !== undefined) await cancelUpload(this.#input.at, session, this.#bound);
  }

  #asUnclear(error: unknown): Error {
    if (this.#input.signal?.aborted === true || !isUnclear(error)) throw error;
    return error;
  }

  #refused(answer: BufferedResponse, operation: string): RegistryError {
    return this.#input.at.refused(answer, operation, `blob ${this.#input.blob.digest}`);
  }

  #badRange(reason: string): ProtocolError {
    const { host } = this.#input.at.host;
    return new ProtocolError('ERR_OCI_BAD_HEADER', `upload ${this.#what}: ${host} ${reason}`, {
      hint: 'the registry contradicts itself: nodes that do not share uploads may stand behind one address; or raise limits.maxPutBytes, so that the blob is sent whole',
    });
  }

  get #bound(): { limitName: string; limit: number } {
    return { limitName: 'maxErrorBytes', limit: this.#input.connections.options.limits.maxErrorBytes };
  }
}

/** Neither another session nor another size of chunk helps against these; for an unclear outcome there is a way of its own. */
function isFinal(refused: RegistryError): boolean {
  return [401, 403, 429].includes(refused.status) || refused.code === 'ERR_OCI_DENIED' || isUnclear(refused);
}
