import { escapeText } from '../oci/escape.js';
import { ArchiveFault, truncated } from './archive-fault.js';
import type { ByteCursor } from './byte-cursor.js';
import { kindOfEntry } from './entry-names.js';
import { encodeEntryHeader, endOfArchive, paddingOf, tarBlockSize } from './tar-header.js';

/** A header that was read, and what is wrong with it although the next one can be found. */
export interface EntryHeader {
  readonly path: string;
  readonly size: number;
  readonly fault?: ArchiveFault | undefined;
  /** False for content that nobody may look at. */
  readonly isUsable: boolean;
}

/** Records of the longest names and sizes there are take less than one block. */
const maxPaxBytes = tarBlockSize;
const fields: readonly (readonly [string, number, number])[] = [
  ['name', 0, 100],
  ['mode', 100, 108],
  ['owner', 108, 124],
  ['size', 124, 136],
  ['time', 136, 148],
  ['checksum', 148, 156],
  ['type', 156, 157],
  ['link target', 157, 257],
  ['format', 257, 265],
  ['owner name', 265, 329],
  ['device', 329, 345],
  ['name prefix', 345, 500],
  ['unused bytes', 500, 512],
];
const unsafeTypes: Readonly<Record<string, string>> = {
  '1': 'a hard link',
  '2': 'a symbolic link',
  '3': 'a character device',
  '4': 'a block device',
  '5': 'a directory',
  '6': 'a FIFO',
};

/**
 * Reads the header of the next entry and compares it with the one our writer makes for its name and size.
 *
 * @returns undefined for the first zero block of the end
 * @param after - path of the entry before, for messages
 */
export async function readEntryHeader(cursor: ByteCursor, after: string | undefined): Promise<EntryHeader | undefined> {
  const where = after === undefined ? 'at the start' : `after ${escapeText(after)}`;
  const first = await cursor.readExactly(tarBlockSize);
  if (first.length < tarBlockSize) {
    if (after === undefined) throw truncated('inside its first header: it is too short to be a bundle');
    throw truncated(`${where}, where a header or the end of the archive must be`);
  }
  if (first.equals(endOfArchive.subarray(0, tarBlockSize))) return undefined;
  if (after === undefined && !hasMagic(first)) {
    const message = 'no tar header of this format at the start: it is no bundle, or another tool has packed it';
    throw new ArchiveFault('HeaderNotCanonical', message);
  }
  assertKnownType(first, where);
  const isPax = first[156] === 0x78;
  const header = isPax ? await readPaxHeader(cursor, first, where) : parseUstar(first, where);
  const { path, size } = header;
  const fault = faultOf(header);
  // A PAX header in another form than ours is read differently by different tools: there is no safe way on.
  if (isPax && fault !== undefined) throw fault;
  return { path: escapeText(path), size, fault, isUsable: fault?.findingCode !== 'EntryUnsafe' };
}

function faultOf({ path, size, bytes }: RawHeader): ArchiveFault | undefined {
  if (kindOfEntry(path) === undefined) {
    return new ArchiveFault('EntryUnsafe', `${JSON.stringify(escapeText(path))} is no name of an entry`, { path });
  }
  const expected = encodeEntryHeader(path, size);
  if (bytes.equals(expected)) return undefined;
  const wrong = fields.filter(([, from, to]) => !isSame(bytes, expected, from, to)).map(([name]) => name);
  const verb = wrong.length === 1 ? 'differs' : 'differ';
  const message = `the header of ${path} is not the one this format writes: ${wrong.join(', ') || 'PAX records'} ${verb}`;
  return new ArchiveFault('HeaderNotCanonical', message, { path });
}

interface RawHeader {
  readonly path: string;
  readonly size: number;
  readonly bytes: Buffer;
}

function parseUstar(block: Buffer, where: string): RawHeader {
  const name = textOf(block, 0, 100);
  const prefix = textOf(block, 345, 500);
  const path = prefix === '' ? name : `${prefix}/${name}`;
  const digits = /^([0-7]{11})\0$/.exec(block.toString('latin1', 124, 136))?.[1];
  if (digits === undefined) {
    const message = `the header of ${JSON.stringify(escapeText(path))} has a size that is not eleven octal digits`;
    throw new ArchiveFault('HeaderNotCanonical', `${message}, ${where}`, { path });
  }
  return { path, size: Number.parseInt(digits, 8), bytes: block };
}

async function readPaxHeader(cursor: ByteCursor, first: Buffer, where: string): Promise<RawHeader> {
  const { size: length } = parseUstar(first, where);
  if (length > maxPaxBytes) throw new ArchiveFault('HeaderNotCanonical', `a PAX header of ${length} bytes, ${where}`);
  const rest = await cursor.readExactly(length + paddingOf(length) + tarBlockSize);
  if (rest.length < length + paddingOf(length) + tarBlockSize) throw truncated(`inside a PAX header, ${where}`);
  const next = rest.subarray(-tarBlockSize);
  assertKnownType(next, where);
  if (next[156] !== 0x30) throw new ArchiveFault('HeaderNotCanonical', `a PAX header before another one, ${where}`);
  const ustar = parseUstar(next, where);
  const records = /^(?:\d+ path=([\x20-\x7e]+)\n)?(?:\d+ size=([1-9]\d{0,15})\n)?$/.exec(
    rest.toString('latin1', 0, length),
  );
  if (records === null) {
    throw new ArchiveFault('HeaderNotCanonical', `PAX records other than one path and one size, ${where}`);
  }
  const size = records[2] === undefined ? ustar.size : Number(records[2]);
  if (!Number.isSafeInteger(size)) throw new ArchiveFault('HeaderNotCanonical', `a PAX size out of range, ${where}`);
  return { path: records[1] ?? ustar.path, size, bytes: Buffer.concat([first, rest]) };
}

function hasMagic(block: Buffer): boolean {
  return block.toString('latin1', 257, 265) === 'ustar\x0000';
}

function assertKnownType(block: Buffer, where: string): void {
  if (!hasMagic(block)) throw new ArchiveFault('HeaderNotCanonical', `no tar header of this format ${where}`);
  const type = String.fromCharCode(block[156] ?? 0);
  if (type === '0' || type === 'x') return;
  const path = textOf(block, 0, 100);
  const named = JSON.stringify(escapeText(path));
  const unsafe = unsafeTypes[type];
  if (unsafe !== undefined)
    throw new ArchiveFault('EntryUnsafe', `${named} is ${unsafe}, not a regular file`, { path });
  throw new ArchiveFault('HeaderNotCanonical', `${named} has type ${JSON.stringify(escapeText(type))}, ${where}`, {
    path,
  });
}

function textOf(block: Buffer, from: number, to: number): string {
  const end = block.subarray(from, to).indexOf(0);
  return block.toString('latin1', from, end < 0 ? to : from + end);
}

function isSame(left: Buffer, right: Buffer, from: number, to: number): boolean {
  return left.subarray(from, to).equals(right.subarray(from, to));
}
