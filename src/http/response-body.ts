import { pipeline, type Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { ProtocolError } from '../errors/index.js';
import { escapeText } from '../oci/escape.js';
import { ProgressMeter, type ProgressMeterOptions } from './progress-meter.js';
import type { CutBytes } from './wire-body.js';

/** More codings on top of each other than this only serve an attack. */
const maxCodings = 2;

/**
 * Decodes a body and watches over it.
 *
 * @param encoded - the body from the wire; it is destroyed with the stream returned
 * @param codings - the value of `Content-Encoding`; a part of a body (206) cannot have any, since it cannot be decoded
 * @throws {@link ProtocolError} `ERR_OCI_BAD_HEADER` for a coding nobody asked for; the body is destroyed then
 */
export function openResponseBody(
  encoded: Readable,
  codings: string | undefined,
  options: Omit<ProgressMeterOptions, 'direction'> & { readonly isPart?: boolean | undefined },
): Readable {
  let decoders: Transform[];
  try {
    decoders = createDecoders(codings, options.isPart === true ? 0 : maxCodings);
  } catch (error) {
    encoded.on('error', () => undefined).destroy();
    throw error;
  }
  const meter = new ProgressMeter({ ...options, direction: 'download' });
  // What it listens to stays listened to: a body that fails before its reader has come ends no process.
  pipeline([encoded, ...decoders, meter], () => undefined);
  // A decoder ends where the coding does, whatever follows; nobody would read that, or free its connection.
  meter.once('close', () => encoded.destroy());
  return meter;
}

/** Registries are asked for `identity`; some, and proxies before them, compress all the same. */
function createDecoders(codings: string | undefined, most: number): Transform[] {
  const names = (codings ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '' && name !== 'identity');
  if (names.length > most) throw badCoding(codings);
  return names.reverse().map((name) => {
    if (name === 'gzip' || name === 'x-gzip') return createGunzip();
    if (name === 'deflate') return createInflate();
    if (name === 'br') return createBrotliDecompress();
    throw badCoding(codings);
  });
}

function badCoding(codings: string | undefined): ProtocolError {
  return new ProtocolError(
    'ERR_OCI_BAD_HEADER',
    `the answer has Content-Encoding ${escapeText(codings ?? '', 80)}, which was not asked for`,
    { hint: 'look for a proxy that compresses answers, and switch that off for the registry' },
  );
}

/** Reads a body up to a bound and leaves the rest; for answers that are errors already. */
export async function readCut(body: Readable, maxBytes: number): Promise<CutBytes> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxBytes) break;
  }
  return { bytes: Buffer.concat(chunks, Math.min(size, maxBytes)), truncated: size > maxBytes };
}
