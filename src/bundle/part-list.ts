import { z } from 'zod';
import { OciError } from '../errors/index.js';
import { listOf } from '../oci/first-fault.js';
import { parseJsonAs } from '../oci/strict-json.js';
import { ArchiveFault } from './archive-fault.js';

/** One part of a bundle that was written in parts. */
export interface BundlePart {
  /** File name, beside the list of parts. */
  readonly name: string;
  /** Bytes of it; 1 or more. */
  readonly size: number;
  /** Hex sha256 of it. */
  readonly sha256: string;
}

/** `NAME.parts.json`: what the parts of a bundle are, and what they are together. */
export interface PartList {
  /** Version of this form. */
  readonly schemaVersion: 1;
  /** File name the bundle would have in one piece. */
  readonly name: string;
  /** Bytes of all parts together. */
  readonly size: number;
  /** Hex sha256 of all parts together. */
  readonly sha256: string;
  /** The parts, in order. */
  readonly parts: readonly BundlePart[];
}

/** Ends the name of a list of parts. */
export const partListSuffix = '.parts.json';
/** Parts of one bundle. */
export const maxParts = 9_999;
/** Of the 255 bytes that a name may have, a part's number and its temporary name are no part. */
const mostNameBytes = 200;
/** 9,999 parts whose names are as long as they may be, and all that stands around them. */
export const maxPartListBytes: number = 4 * 1024 * 1024;

const name = z.string().refine(isFileName, 'is no name of a file, or longer than 200 bytes');
const size = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER);
const sha256 = z.string().regex(/^[a-f0-9]{64}$/);
const part: z.ZodType<BundlePart> = z.strictObject({ name: z.string(), size, sha256 });
const schema: z.ZodType<PartList> = z.strictObject({
  schemaVersion: z.literal(1),
  name,
  size,
  sha256,
  parts: listOf(part),
});

/** Tells whether parts of this name can be written: a plain name, in any letters, without a path in it. */
export function isFileName(text: string): boolean {
  const bytes = Buffer.from(text);
  const isPlain = !/[/\\\p{Cc}]/u.test(text) && bytes.toString() === text;
  return isPlain && bytes.length > 0 && bytes.length <= mostNameBytes;
}

/** Names a part: three digits, or four where there may be a thousand parts and more; so names sort as the parts do. */
export function partName(bundle: string, number: number, digits: number): string {
  return `${bundle}.part${String(number).padStart(digits, '0')}`;
}

/** Serialises a list of parts in its one form. */
export function emitPartList({ name, size, sha256, parts }: PartList): Buffer {
  const fields = parts.map((one) => ({ name: one.name, size: one.size, sha256: one.sha256 }));
  return Buffer.from(`${JSON.stringify({ schemaVersion: 1, name, size, sha256, parts: fields }, undefined, 2)}\n`);
}

/**
 * Reads a list of parts strictly: in its one form, and with no other names than a writer gives.
 *
 * @throws {@link BundleError} `ERR_OCI_BUNDLE_INVALID`
 */
export function parsePartList(bytes: Buffer, path: string): PartList {
  const list = readList(bytes, path);
  const { parts } = list;
  const digits = (parts[0]?.name.length ?? 0) - partName(list.name, 0, 0).length + 1;
  if (parts.length === 0 || parts.length > maxParts)
    throw invalid(path, `has ${parts.length} parts, not 1 to ${maxParts}`);
  if (digits !== 3 && digits !== 4) throw invalid(path, 'names its first part otherwise than a writer does');
  for (const [index, { name: found }] of parts.entries()) {
    const expected = partName(list.name, index + 1, digits);
    if (found !== expected) throw invalid(path, 'names a part otherwise than a writer does', expected, found);
  }
  const total = parts.reduce((sum, one) => sum + one.size, 0);
  if (total !== list.size) throw invalid(path, 'has another size than its parts', String(list.size), String(total));
  if (!emitPartList(list).equals(bytes)) throw invalid(path, 'is not in its canonical form');
  return list;
}

function readList(bytes: Buffer, path: string): PartList {
  try {
    return parseJsonAs(bytes, schema, 'the list of parts');
  } catch (error) {
    if (!(error instanceof OciError)) throw error;
    throw new ArchiveFault('PartsInvalid', error.message, { path, cause: error });
  }
}

function invalid(path: string, reason: string, expected?: string, actual?: string): ArchiveFault {
  return new ArchiveFault('PartsInvalid', `the list of parts ${reason}`, { path, expected, actual });
}
