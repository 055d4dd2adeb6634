/** Size of a tar block in bytes: headers are one block, content is filled up to the next one. */
export const tarBlockSize = 512;
/** The two zero blocks that end an archive. */
export const endOfArchive: Buffer = Buffer.alloc(2 * tarBlockSize);

const nameBytes = 100;
const prefixBytes = 155;
/** Largest size that eleven octal digits hold: one byte less than 8 GiB. */
const maxUstarSize = 0o77777777777;
const paxName = 'PaxHeader';

/**
 * Writes the one header this format knows for a regular file: two files of equal name and size have equal headers.
 *
 * @remarks ustar, mode 0644, owner and group 0 without names, time 0. A name over 100 bytes is split at its last `/`; a
 * name or a size that does not fit at all comes in a PAX header with exactly the records that are needed, `path` before
 * `size`. The ustar fields then hold the first 100 bytes of the name and a size of 0.
 * @param name - path inside the archive, printable ASCII
 * @param size - bytes of content, 0 or more
 * @returns 512 bytes; with a PAX header 1,536
 */
export function encodeEntryHeader(name: string, size: number): Buffer {
  if (!/^[\x20-\x7e]+$/.test(name)) throw new RangeError('a tar entry needs a name of printable ASCII');
  if (!Number.isSafeInteger(size) || size < 0) throw new RangeError(`${size} is no size of a tar entry`);
  const split = splitName(name);
  const fitsSize = size <= maxUstarSize;
  if (split !== undefined && fitsSize) return encodeBlock(split.name, split.prefix, size, '0');
  const { name: shortName, prefix } = split ?? { name: name.slice(0, nameBytes), prefix: '' };
  const records =
    (split === undefined ? paxRecord('path', name) : '') + (fitsSize ? '' : paxRecord('size', String(size)));
  return Buffer.concat([
    encodeBlock(paxName, '', records.length, 'x'),
    Buffer.from(records, 'latin1'),
    Buffer.alloc(paddingOf(records.length)),
    encodeBlock(shortName, prefix, fitsSize ? size : 0, '0'),
  ]);
}

/** Tells how many zero bytes follow content of this size, 0 to 511. */
export function paddingOf(size: number): number {
  return (tarBlockSize - (size % tarBlockSize)) % tarBlockSize;
}

function splitName(path: string): { readonly name: string; readonly prefix: string } | undefined {
  if (path.length <= nameBytes) return { name: path, prefix: '' };
  const slash = path.lastIndexOf('/');
  const prefix = path.slice(0, Math.max(slash, 0));
  const name = path.slice(slash + 1);
  const fits = prefix !== '' && prefix.length <= prefixBytes && name !== '' && name.length <= nameBytes;
  return fits ? { name, prefix } : undefined;
}

/** A PAX record counts itself: `LENGTH KEY=VALUE\n`, where LENGTH includes its own digits. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return `${length}${rest}`;
}

function encodeBlock(name: string, prefix: string, size: number, type: '0' | 'x'): Buffer {
  const block = Buffer.alloc(tarBlockSize);
  block.write(name, 0, 'latin1');
  block.write('0000644\0' + '0000000\0' + '0000000\0', 100, 'latin1');
  block.write(`${octal(size, 11)}\0${octal(0, 11)}\0`, 124, 'latin1');
  block.write(`        ${type}`, 148, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  block.write('0000000\0' + '0000000\0', 329, 'latin1');
  block.write(prefix, 345, 'latin1');
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${octal(sum, 6)}\0 `, 148, 'latin1');
  return block;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}
