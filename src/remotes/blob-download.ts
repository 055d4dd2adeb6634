import { pipeline, type Readable } from 'node:stream';
import { sleep } from '../content/abort.js';
import { listenForAbort } from '../content/call-scope.js';
import { chunksOf } from '../content/take-chunks.js';
import { createVerifyStream } from '../content/verify-stream.js';
import { TransportError } from '../errors/index.js';
import { redactUrl } from '../http/redact.js';
import { errorFromResponse } from '../http/response-error.js';
import { pauseMs } from '../http/retry.js';
import { isBrokenOff } from '../http/transport-error.js';
import type { RegistryResponse } from '../http/types.js';
import type { Descriptor } from '../oci/descriptor.js';
import { type BlobPart, headersForRest, partOf, type Whole } from './blob-range.js';
import type { ResolvedOptions } from './options.js';
import type { Repository } from './repository.js';

/** What it takes to ask for the rest of a blob. */
export interface BlobDownload {
  readonly at: Repository;
  /** Digest and size of the whole. */
  readonly descriptor: Descriptor;
  readonly options: Pick<ResolvedOptions, 'limits' | 'logger' | 'retry' | 'timeouts'>;
  readonly signal: AbortSignal | undefined;
}

/** What the parts of a download have to do with its end. */
interface Life {
  /** Fires when it is over, for whatever reason, the caller's signal included. */
  readonly over: AbortSignal;
  /** Ends it at once, also while nobody reads. */
  readonly fail: (error: Error) => void;
}

/** How far a download has come. */
interface Progress {
  position: number;
  /** Bodies in a row that broke off without having brought what one window has to. */
  failures: number;
  resumes: number;
  /** Bytes that came a second time and were thrown away. */
  repeated: number;
}

/** A small blob may be read anew as often as `retry.maxRetries` says. */
const leastRepeatedBytes = 1024 * 1024;

/**
 * Joins a body, what follows where it breaks off, and verification into one stream.
 *
 * @remarks The rest is asked for at the registry each time, which sends elsewhere as it likes: a signed URL is used
 * once. Size and digest are those of all parts together, so a wrong part is never returned as the right one. Where there
 * are no ranges, at most twice the blob's size and 1 MiB is read again. Destroying the stream ends whatever is under way.
 * @param first - the answer whose body begins at the first byte
 */
export function openDownload(first: RegistryResponse, download: BlobDownload): Readable {
  const { descriptor, at, signal } = download;
  const over = new AbortController();
  const verify = createVerifyStream(descriptor, at.host.host);
  const fail = (error: Error): void => {
    verify.destroy(error);
    over.abort();
  };
  const giveUp = (): void => {
    fail(signal?.reason as Error);
  };
  const unlisten = signal && listenForAbort(signal, giveUp);
  verify.once('close', () => {
    unlisten?.();
    over.abort();
  });
  // The reader hears of every fault through the stream itself; pipeline only ties the two lives together.
  pipeline(bytesOf(first, download, { over: over.signal, fail }), verify, () => undefined);
  if (signal?.aborted === true) giveUp();
  return verify;
}

async function* bytesOf(first: RegistryResponse, download: BlobDownload, life: Life): AsyncGenerator<Buffer> {
  const { descriptor, options } = download;
  const progress: Progress = { position: 0, failures: 0, resumes: 0, repeated: 0 };
  let answer = first;
  let part: BlobPart = { start: 0, end: descriptor.size };
  for (;;) {
    const before = progress.position;
    let fault: TransportError | undefined;
    try {
      yield* bodyOf(answer, part.start, progress, life);
      // A server may give less than was asked for, and says so; a whole that ends early is a wrong one.
      if (progress.position !== part.end) return;
    } catch (error) {
      life.over.throwIfAborted();
      if (!isBrokenOff(error)) throw error;
      fault = error;
    }
    if (progress.position >= descriptor.size) return;
    const isMoving = progress.position - before >= options.timeouts.minBlobBytesPerWindow;
    progress.failures = isMoving ? 1 : progress.failures + 1;
    // Without ranges every break costs all that is there already: what moves a little each time must end as well.
    const toRepeat = progress.resumes > 0 && part.start === 0 ? progress.position : 0;
    const isTooMuch = progress.repeated + toRepeat > 2 * descriptor.size + leastRepeatedBytes;
    if (isTooMuch || progress.failures > options.retry.maxRetries) throw gaveUp(answer, download, progress, fault);
    answer = await openRest(first, download, progress, life.over, fault);
    part = checkedPart(answer, progress.position, first, descriptor);
    progress.resumes++;
  }
}

/** Hands over what is new in a body. */
async function* bodyOf(
  answer: RegistryResponse,
  start: number,
  progress: Progress,
  { over, fail }: Life,
): AsyncGenerator<Buffer> {
  let known = progress.position - start;
  const body = answer.body.open();
  const end = (): void => {
    body.destroy();
  };
  over.addEventListener('abort', end, { once: true });
  // What breaks off can wait for the reader to come back; everything else ends the download now.
  body.once('error', (error) => {
    if (!isBrokenOff(error)) fail(error);
  });
  try {
    for await (const chunk of chunksOf(body)) {
      const fresh = chunk.subarray(Math.min(known, chunk.length));
      known -= chunk.length - fresh.length;
      progress.repeated += chunk.length - fresh.length;
      progress.position += fresh.length;
      if (fresh.length > 0) yield fresh;
    }
  } finally {
    over.removeEventListener('abort', end);
    end();
  }
}

async function openRest(
  first: Whole,
  { at, descriptor, options }: BlobDownload,
  { position, failures }: Progress,
  over: AbortSignal,
  fault: Error | undefined,
): Promise<RegistryResponse> {
  const what = `blob ${descriptor.digest}`;
  const milliseconds = pauseMs(options.retry, failures - 1);
  const reason = fault?.message ?? 'the registry gave a part of the rest';
  options.logger.debug(`${at.describe(what)}: ${reason}; asks for the bytes from ${position} on in ${milliseconds} ms`);
  await sleep(milliseconds, over);
  const headers = headersForRest(position, first);
  const answer = await at.open('GET', at.url('blobs', descriptor.digest), { headers, signal: over });
  if (answer.status === 200 || (answer.status === 206 && headers['range'] !== undefined)) return answer;
  const operation = `pull the bytes from ${position} on of`;
  throw await errorFromResponse(answer, operation, `${what} of ${at.name}`, options.limits.maxErrorBytes);
}

function checkedPart(answer: RegistryResponse, position: number, first: Whole, descriptor: Descriptor): BlobPart {
  try {
    return partOf(answer, position, first, descriptor);
  } catch (error) {
    answer.body.destroy();
    throw error;
  }
}

function gaveUp(
  answer: RegistryResponse,
  { at, descriptor }: BlobDownload,
  { position, failures, resumes, repeated }: Progress,
  fault: TransportError | undefined,
): TransportError {
  if (resumes === 0 && fault !== undefined) return fault;
  const isUnranged = repeated > 0;
  const often = isUnranged ? `${resumes + 1} times` : `${failures} times in a row`;
  const again = isUnranged ? `, and ${repeated} bytes came again as there were no ranges` : '';
  const where = `broke off ${often}, now at ${position} of ${descriptor.size} bytes${again}`;
  const reason = fault?.message ?? 'the registry gave only a small part of what was asked for';
  return new TransportError(
    fault?.code ?? 'ERR_OCI_NETWORK',
    `pull ${at.describe(`blob ${descriptor.digest}`)}: the download ${where}: ${reason}`,
    {
      method: answer.method,
      url: redactUrl(answer.url),
      cause: fault,
      hint: isUnranged
        ? `look for what breaks the line to ${at.host.host}, and for what takes out ranges there: without them nothing can be resumed`
        : `look at ${at.host.host}, at where it keeps its blobs, and at every proxy between; or raise retry.maxRetries`,
    },
  );
}
