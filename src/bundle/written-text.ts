import { createHash } from 'node:crypto';

/** Takes the next piece of a text. */
export type TextSink = (text: string) => void;
/** Writes a text from its start, a piece at a time; it can be called again. */
export type TextWriter = (sink: TextSink) => void;

/** Characters that are gathered before they become bytes. */
const chunkLength = 64 * 1024;

/** Collects what is written as UTF-8. */
export function bytesOfText(write: TextWriter): Buffer {
  const chunks: Buffer[] = [];
  inChunks(write, (chunk) => chunks.push(Buffer.from(chunk)));
  return Buffer.concat(chunks);
}

/**
 * Computes the sha256 digest of what is written.
 *
 * @remarks Who compares files that follow from a record needs their digests only: together they are several times as
 * large as the record, and are never in memory.
 */
export function digestOfText(write: TextWriter): string {
  const hash = createHash('sha256');
  inChunks(write, (chunk) => hash.update(chunk, 'utf8'));
  return `sha256:${hash.digest('hex')}`;
}

function inChunks(write: TextWriter, take: (chunk: string) => void): void {
  let parts: string[] = [];
  let length = 0;
  const flush = (): void => {
    if (length > 0) take(parts.join(''));
    parts = [];
    length = 0;
  };
  write((text) => {
    parts.push(text);
    length += text.length;
    if (length >= chunkLength) flush();
  });
  flush();
}
