/** The first and the last byte of a range, both included. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Reads a `Range` header of one part (RFC 9110, section 14.2).
 *
 * @remarks A range that ends before it starts is malformed to the RFC, unsatisfiable to the conformance suite.
 * @param size - bytes the whole has
 * @returns undefined where the whole is meant: no header, several parts, or nothing that can be read
 */
export function parseRange(header: string | undefined, size: number): ByteRange | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  const [from = '', to = ''] = match?.slice(1) ?? [];
  if (from === '' && to === '') return undefined;
  const first = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const last = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  return first < size && first <= last ? { first, last } : 'unsatisfiable';
}

/**
 * Reads the `Content-Range` of a chunk: `first-last`, with the unit and the size that some clients add.
 *
 * @returns undefined for anything else
 */
export function parseContentRange(header: string): ByteRange | undefined {
  const [, first, last] = /^(?:bytes[ =])?(\d+)-(\d+)(?:\/(?:\d+|\*))?$/.exec(header) ?? [];
  if (first === undefined || last === undefined) return undefined;
  return { first: Number(first), last: Number(last) };
}
