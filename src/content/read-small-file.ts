import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** Bytes read at once: most files are far smaller than what they may have. */
const chunkSize = 64 * 1024;

/** Makes the error for a file that cannot be used; the reason goes on from the file's name. */
export type FileFault = (reason: string, cause?: unknown) => Error;

/**
 * Reads a file of configuration whole.
 *
 * @param maxBytes - more than this is a fault
 * @returns undefined when there is no such file
 */
export async function readSmallFile(path: string, maxBytes: number, fault: FileFault): Promise<Buffer | undefined> {
  let file: FileHandle | undefined;
  try {
    // A named pipe would keep whoever opens it waiting for somebody who writes.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!(await file.stat()).isFile()) throw fault('is no regular file');
    const bytes = await readUpTo(file, maxBytes + 1);
    if (bytes.length > maxBytes) throw fault(`is larger than ${maxBytes} bytes`);
    return bytes;
  } catch (cause) {
    const code = errnoOf(cause);
    if (code === undefined) throw cause;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw fault(`cannot be read: ${code}`, cause);
  } finally {
    await file?.close();
  }
}

/** What the operating system, or Node for a path that can be none, calls a fault; undefined for another error. */
export function errnoOf(error: unknown): string | undefined {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' && !code.startsWith('ERR_OCI_') ? code : undefined;
}

async function readUpTo(file: FileHandle, most: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for (let read = -1; read !== 0 && size < most; size += read) {
    const chunk = Buffer.allocUnsafe(Math.min(chunkSize, most - size));
    ({ bytesRead: read } = await file.read(chunk, 0, chunk.length));
    chunks.push(chunk.subarray(0, read));
  }
  return Buffer.concat(chunks, size);
}
