import type { IncomingMessage } from 'node:http';

/** Largest manifest that is accepted, in bytes: the 4 MiB every registry has to accept. */
export const maxManifestBytes: number = 4 * 1024 * 1024;
/** Largest blob that is accepted, in bytes: 1 GiB, as all of it is kept in memory. */
export const maxBlobBytes: number = 1024 * 1024 * 1024;

/**
 * Hands the bytes of a request's body to a consumer as they come, up to a limit.
 *
 * @remarks What lies beyond the limit is read and dropped, so that the client is there to hear the answer.
 * @returns false when there was more than the limit
 */
export async function consumeBody(
  message: IncomingMessage,
  limitBytes: number,
  consume: (chunk: Buffer) => void,
): Promise<boolean> {
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= limitBytes) consume(chunk);
  }
  return size <= limitBytes;
}

/** Reads a request's body whole; undefined when it is larger than the limit. */
export async function readBody(message: IncomingMessage, limitBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  const complete = await consumeBody(message, limitBytes, (chunk) => chunks.push(chunk));
  return complete ? Buffer.concat(chunks) : undefined;
}
