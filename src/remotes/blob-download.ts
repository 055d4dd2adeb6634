import { pipeline, type Readable } from 'node:stream';
import { sleep } from '../content/abort.js';
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

/** How far a download has come. */
interface Progress {
  position: number;
  /** Bodies in a row that broke off without having brought what one window has to. */
  failures: number;
  resumes: number;
}

/**
 * Joins a body, what follows where it breaks off, and verification into one stream.
 *
 * @remarks The rest is asked for at the registry each time, which sends elsewhere as it likes: a signed URL is used
 * once. Size and digest are those of all parts together, so a wrong part is never returned as the right one. Destroying
 * the stream ends whatever is under way.
 * @param first - the answer whose body begins at the first byte
 */
export function openDownload(first: RegistryResponse, download: BlobDownload): Readable {
  const over = new AbortController();
  const verify = createVerifyStream(download.descriptor, download.at.host.host);
  verify.once('close', () => {
    over.abort();
  });
  // The reader hears of every fault through the stream itself; pipeline only ties the two lives together.
  return pipeline(bytesOf(first, download, over.signal), verify, () => undefined);
}

async function* bytesOf(first: RegistryResponse, download: BlobDownload, over: AbortSignal): AsyncGenerator<Buffer> {
  const { descriptor, signal, options } = download;
  // A signal that lives long remembers what was made of it, so that is only made where it is needed.
  let stop: AbortSignal | undefined;
  const progress: Progress = { position: 0, failures: 0, resumes: 0 };
  let answer = first;
  let part: BlobPart = { start: 0, end: descriptor.size };
  for (;;) {
    const before = progress.position;
    let fault: TransportError | undefined;
    try {
      yield* bodyOf(answer, part.start, progress, over);
      // A server may give less than was asked for, and says so; a whole that ends early is a wrong one.
      if (progress.position !== part.end) return;
    } catch (error) {
      over.throwIfAborted();
      signal?.throwIfAborted();
      if (!isBrokenOff(error)) throw error;
      fault = error;
    }
    if (progress.position >= descriptor.size) return;
    const isMoving = progress.position - before >= options.timeouts.minBlobBytesPerWindow;
    progress.failures = isMoving ? 1 : progress.failures + 1;
    if (progress.failures > options.retry.maxRetries) throw gaveUp(answer, download, progress, fault);
    stop ??= signal === undefined ? over : AbortSignal.any([over, signal]);
    answer = await openRest(first, download, progress, stop, fault);
    part = checkedPart(answer, progress.position, first, descriptor);
    progress.resumes++;
  }
}

/** Hands over what is new in a body. */
async function* bodyOf(
  { body }: RegistryResponse,
  start: number,
  progress: Progress,
  over: AbortSignal,
): AsyncGenerator<Buffer> {
  let known = progress.position - start;
  const end = (): void => {
    body.destroy();
  };
  over.addEventListener('abort', end, { once: true });
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      const fresh = chunk.subarray(Math.min(known, chunk.length));
      known -= chunk.length - fresh.length;
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
  stop: AbortSignal,
  fault: Error | undefined,
): Promise<RegistryResponse> {
  const what = `blob ${descriptor.digest}`;
  const milliseconds = pauseMs(options.retry, failures - 1);
  const reason = fault?.message ?? 'the registry gave a part of the rest';
  options.logger.debug(`${at.describe(what)}: ${reason}; asks for the bytes from ${position} on in ${milliseconds} ms`);
  await sleep(milliseconds, stop);
  const headers = headersForRest(position, first);
  const answer = await at.open('GET', at.url('blobs', descriptor.digest), { headers, signal: stop });
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
  { position, failures, resumes }: Progress,
  fault: TransportError | undefined,
): TransportError {
  if (resumes === 0 && fault !== undefined) return fault;
  const where = `broke off ${failures} times in a row, now at ${position} of ${descriptor.size} bytes`;
  const reason = fault?.message ?? 'the registry gave only a small part of what was asked for';
  return new TransportError(
    fault?.code ?? 'ERR_OCI_NETWORK',
    `pull ${at.describe(`blob ${descriptor.digest}`)}: the download ${where}: ${reason}`,
    {
      method: answer.method,
      url: redactUrl(answer.url),
      cause: fault,
      hint: `look at ${at.host.host}, at where it keeps its blobs, and at every proxy between; or raise retry.maxRetries`,
    },
  );
}
