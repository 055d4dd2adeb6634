import { ProtocolError } from '../errors/index.js';
import type { RegistryResponse } from '../http/types.js';
import type { Descriptor } from '../oci/descriptor.js';
import { escapeText } from '../oci/escape.js';

/** Which bytes of a blob a body brings, as far as its answer says. */
export interface BlobPart {
  /** Offset of its first byte. */
  readonly start: number;
  /** Offset behind its last byte. */
  readonly end: number;
}

/** What an answer says about the whole that its bytes belong to. */
export type Whole = Pick<RegistryResponse, 'url' | 'leftOrigin' | 'headers'>;

/**
 * Makes the headers that ask for a blob from an offset on.
 *
 * @remarks A body that came with a coding was counted in decoded bytes, and ranges count encoded ones: it is asked for
 * whole. `If-Range` needs a strong validator (RFC 9110, section 13.1.5), and is for the server that gave it.
 */
export function headersForRest(offset: number, first: Whole): Record<string, string> {
  if (!/^(?:identity)?$/i.test(first.headers.get('content-encoding') ?? '')) return {};
  const etag = first.headers.get('etag');
  const isUsable = !first.leftOrigin && etag !== undefined && /^"[\x21\x23-\x7e]*"$/.test(etag);
  return { range: `bytes=${offset}-`, ...(isUsable && { 'if-range': etag }) };
}

/**
 * Finds out which bytes the answer to a request for the rest brings.
 *
 * @param offset - the first byte that is needed
 * @param first - the answer whose body broke off
 * @throws {@link ProtocolError} `ERR_OCI_BAD_HEADER` for a part that is not the one that was asked for
 */
export function partOf(answer: RegistryResponse, offset: number, first: Whole, blob: Descriptor): BlobPart {
  // A server without ranges begins anew; who changed its mind is found out by the digest of it all.
  if (answer.status === 200) return { start: 0, end: blob.size };
  const range = answer.headers.get('content-range');
  const [, from, to, total] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/.exec(range ?? '') ?? [];
  const wrong = (is: string): ProtocolError =>
    new ProtocolError(
      'ERR_OCI_BAD_HEADER',
      `pull blob ${blob.digest} from ${answer.url.host}: the answer to a request for its bytes from ${offset} on ${is}`,
      { hint: 'look for a cache or proxy before the registry that mixes up ranges' },
    );
  if (/^multipart\//i.test(answer.headers.get('content-type') ?? '')) throw wrong('comes in several parts');
  if (range === undefined) throw wrong('is a part without Content-Range');
  const start = Number(from);
  const end = Number(to) + 1;
  const isPlausible = start === offset && start < end && end <= blob.size;
  if (!isPlausible || (total !== '*' && Number(total) !== blob.size)) {
    throw wrong(`has Content-Range ${escapeText(range, 80)} where the blob has ${blob.size} bytes`);
  }
  const other = changedHeader(answer, first, blob.digest);
  if (other !== undefined) throw wrong(`has another ${other} than the answer before`);
  return { start, end };
}

function changedHeader(answer: Whole, first: Whole, digest: string): string | undefined {
  const stored = answer.headers.get('docker-content-digest');
  const known = [first.headers.get('docker-content-digest'), digest];
  if (stored !== undefined && known.some((one) => one !== undefined && isOther(one, stored)))
    return 'Docker-Content-Digest';
  const [before, now] = [first, answer].map(({ headers }) => headers.get('etag')?.replace(/^W\//, ''));
  // The stores behind a registry need not agree on their tags.
  const isComparable = before !== undefined && now !== undefined && answer.url.origin === first.url.origin;
  return isComparable && before !== now ? 'ETag' : undefined;
}

/** Digests by different algorithms say nothing about each other. */
function isOther(one: string, other: string): boolean {
  return one !== other && one.split(':', 1)[0] === other.split(':', 1)[0];
}
