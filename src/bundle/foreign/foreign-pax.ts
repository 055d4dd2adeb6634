/** What a PAX header says about the file that follows. */
export interface PaxFields {
  readonly path?: string | undefined;
  readonly size?: number | undefined;
}

/** Records that say something about the file system a file came from, and nothing about its content. */
const harmless: ReadonlySet<string> = new Set(['mtime', 'atime', 'ctime', 'uid', 'gid', 'uname', 'gname']);

/**
 * Parses the records of a PAX header strictly: each `LENGTH KEY=VALUE\n` of exactly that length, each key once, none that
 * is not known to be harmless.
 *
 * @returns what is wrong with them, as a text, where they are not like that
 */
export function parsePax(content: Buffer): PaxFields | string {
  const fields = new Map<string, string>();
  for (let at = 0; at < content.length; ) {
    const digits = /^([1-9]\d{0,4}) /.exec(content.toString('latin1', at, at + 6))?.[1];
    const end = at + Number(digits ?? 0);
    const equals = content.indexOf('=', at);
    if (digits === undefined || end > content.length || content[end - 1] !== 0x0a || equals < 0 || equals >= end) {
      return 'a PAX record of another length than it says';
    }
    const key = content.toString('latin1', at + digits.length + 1, equals);
    const value = content.toString('latin1', equals + 1, end - 1);
    if (fields.has(key)) return 'the same PAX record twice';
    if (key !== 'path' && key !== 'size' && !harmless.has(key)) return 'a PAX record that can change what a file is';
    if (key === 'path' && value === '') return 'an empty PAX path';
    fields.set(key, value);
    at = end;
  }
  const size = fields.get('size');
  if (size !== undefined && !(/^(?:0|[1-9]\d*)$/.test(size) && Number.isSafeInteger(Number(size)))) {
    return 'a PAX size that is no plain number';
  }
  return { path: fields.get('path'), size: size === undefined ? undefined : Number(size) };
}
