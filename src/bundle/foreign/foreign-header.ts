import { escapeText } from '../../oci/escape.js';
import { ArchiveFault, truncated } from '../archive-fault.js';
import type { ByteCursor } from '../byte-cursor.js';
import { paddingOf, tarBlockSize } from '../tar-header.js';
import { type PaxFields, parsePax } from './foreign-pax.js';

/** A header of a tar that another tool wrote. */
export interface ForeignHeader {
  /** Its name as it stands there; printable or not. */
  readonly path: string;
  readonly size: number;
  readonly isDirectory: boolean;
}

/** What eleven octal digits hold; a larger size comes in base-256 or in a PAX record. */
const maxOctalSize = 0o77777777777;
/** Bytes of one PAX header: a name of 1,024 and a few times take less than half. */
const maxPaxBytes = 4096;
const zeroBlock = Buffer.alloc(tarBlockSize);

/**
 * Reads the header of the next entry: ustar, GNU or PAX, of a regular file or a directory, and nothing that tools read in
 * different ways.
 *
 * @returns undefined for the first zero block of the end
 */
export async function readForeignHeader(cursor: ByteCursor, after: string): Promise<ForeignHeader | undefined> {
  const first = await readBlock(cursor, after);
  if (first.equals(zeroBlock)) return undefined;
  if (first[156] !== 0x78) return parseHeader(first, after);
  const { size } = parseFields(first, after);
  if (size === 0 || size > maxPaxBytes) throw strange(`a PAX header of ${size} bytes`, after);
  const content = await cursor.readExactly(size + paddingOf(size));
  if (content.length < size + paddingOf(size)) throw truncated(`inside a PAX header, ${after}`);
  if (content.subarray(size).some((byte) => byte !== 0)) throw strange('padding that is not zero', after);
  const pax = parsePax(content.subarray(0, size));
  if (typeof pax === 'string') throw strange(pax, after);
  return merge(parseHeader(await readBlock(cursor, after), after), pax, after);
}

/** A PAX record may say more than its header has room for, and nothing else than it says. */
function merge(header: ForeignHeader, { path, size }: PaxFields, after: string): ForeignHeader {
  const isLarge = size !== undefined && size > maxOctalSize && header.size === 0;
  if (size !== undefined && size !== header.size && !isLarge) throw strange('two different sizes', after);
  const short = header.path.replace(/\/$/, '');
  // What leads outside is called unsafe, whatever else is wrong with it.
  if (path !== undefined && !path.startsWith(short) && !path.startsWith('../') && !path.startsWith('/')) {
    throw strange('two different names', after);
  }
  return { ...header, path: path ?? header.path, size: size ?? header.size };
}

function parseHeader(block: Buffer, after: string): ForeignHeader {
  const { path, size, type } = parseFields(block, after);
  const named = JSON.stringify(escapeText(path));
  if (type === '0' || type === '5') assertNoTarget(block, after);
  if (type === '5' && size === 0) return { path, size, isDirectory: true };
  if (type === '0') return { path, size, isDirectory: false };
  const unsafe: Readonly<Record<string, string>> = {
    '1': 'a hard link',
    '2': 'a symbolic link',
    '3': 'a character device',
    '4': 'a block device',
    '5': 'a directory with content',
    '6': 'a FIFO',
  };
  const what = unsafe[type];
  if (what !== undefined) throw new ArchiveFault('EntryUnsafe', `${named} is ${what}`, { path });
  throw strange(`${named} has type ${JSON.stringify(escapeText(type))}, which tools read in different ways`, after);
}

/** A regular file or directory leads nowhere and is no device. */
function assertNoTarget(block: Buffer, after: string): void {
  if (block.subarray(157, 257).some((byte) => byte !== 0)) throw strange('a file with the target of a link', after);
  if (/[^0 \0]/.test(block.toString('latin1', 329, 345))) throw strange('a file with a device number', after);
}

function parseFields(block: Buffer, after: string): { path: string; size: number; type: string } {
  const magic = block.toString('latin1', 257, 265);
  const isGnu = magic === 'ustar  \0';
  if (!isGnu && magic !== 'ustar\x0000') throw strange('no tar header', after);
  if (!hasRightChecksum(block)) throw strange('a header whose checksum is wrong', after);
  const name = textOf(block, 0, 100);
  const prefix = isGnu ? '' : textOf(block, 345, 500);
  // GNU keeps times and sparse maps where ustar has its prefix: files of an image layout have neither.
  const unused = block.subarray(isGnu ? 345 : 500);
  if (name === undefined || prefix === undefined || unused.some((byte) => byte !== 0)) {
    throw strange('a header with bytes where there must be none', after);
  }
  const size = parseSize(block);
  if (size === undefined) throw strange('a size that is no plain number', after);
  const type = String.fromCharCode(block[156] ?? 0);
  return { path: prefix === '' ? name : `${prefix}/${name}`, size, type };
}

function parseSize(block: Buffer): number | undefined {
  const digits = /^([0-7]{11})[\0 ]$/.exec(block.toString('latin1', 124, 136))?.[1];
  if (digits !== undefined) return Number.parseInt(digits, 8);
  // Base-256 as GNU and Go write it, only where octal has no room.
  if (block[124] !== 0x80 || block.readUInt32BE(125) >>> 8 !== 0) return undefined;
  const size = block.readBigUInt64BE(128);
  return size > BigInt(maxOctalSize) && size <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(size) : undefined;
}

function hasRightChecksum(block: Buffer): boolean {
  const stated = /^ *([0-7]{1,7})[\0 ]*$/.exec(block.toString('latin1', 148, 156))?.[1];
  let sum = 8 * 0x20;
  // The field itself counts as blanks. By index: an iterator makes this the dearest part of a header.
  for (let at = 0; at < tarBlockSize; at++) if (at < 148 || at >= 156) sum += block[at] ?? 0;
  return stated !== undefined && Number.parseInt(stated, 8) === sum;
}

/** A text that ends at its first NUL; undefined where something follows that. */
function textOf(block: Buffer, from: number, to: number): string | undefined {
  const field = block.subarray(from, to);
  const end = field.indexOf(0);
  if (end >= 0 && field.subarray(end).some((byte) => byte !== 0)) return undefined;
  return field.toString('latin1', 0, end < 0 ? field.length : end);
}

async function readBlock(cursor: ByteCursor, after: string): Promise<Buffer> {
  const block = await cursor.readExactly(tarBlockSize);
  if (block.length < tarBlockSize) throw truncated(`${after}, where a header or the end of the archive must be`);
  return block;
}

function strange(what: string, after: string): ArchiveFault {
  return new ArchiveFault('HeaderNotCanonical', `${what}, ${after}`);
}
