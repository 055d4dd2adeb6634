import { isAscii } from 'node:buffer';
import type { z } from 'zod';
import { ProtocolError } from '../errors/index.js';

/** Deeper nesting than any OCI document needs; it bounds what a hostile document can cost later. */
const maxDepth = 64;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Decodes exactly one JSON value: UTF-8, no byte order mark, no trailing bytes but white space, no duplicate keys.
 *
 * @remarks `JSON.parse` lets the last of two equal keys win, others let the first: a document that reads differently
 * in two tools is refused.
 * @param bytes - the whole document, already within its size limit
 * @param what - what the document is, for the message
 * @throws {@link ProtocolError} `ERR_OCI_BAD_JSON`
 */
export function parseStrictJson(bytes: Uint8Array, what: string): unknown {
  let text: string;
  let value: unknown;
  try {
    // What is ASCII, and nearly all is, needs no decoding.
    text = isAscii(bytes) ? asBuffer(bytes).toString('latin1') : decoder.decode(bytes);
    value = JSON.parse(text);
  } catch (cause) {
    throw badJson(what, cause instanceof TypeError ? 'not UTF-8' : (cause as Error).message, cause);
  }
  assertPlainStructure(text, what);
  return value;
}

/**
 * Decodes one JSON value strictly and checks it against a schema.
 *
 * @throws {@link ProtocolError} `ERR_OCI_BAD_JSON` or `ERR_OCI_BAD_SCHEMA`
 */
export function parseJsonAs<T>(bytes: Uint8Array, schema: z.ZodType<T>, what: string): T {
  return checkJson(parseStrictJson(bytes, what), schema, what);
}

/**
 * Checks a decoded JSON value against a schema.
 *
 * @throws {@link ProtocolError} `ERR_OCI_BAD_SCHEMA`
 */
export function checkJson<T>(value: unknown, schema: z.ZodType<T>, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? '' : ` at ${issue.path.join('.')}`;
  throw new ProtocolError(
    'ERR_OCI_BAD_SCHEMA',
    `${what} is not what the specification asks for${where}: ${issue?.message ?? 'invalid'}`,
  );
}

function asBuffer({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}

/** Up to so many keys are compared one by one: most objects have no more, and a set costs more than that. */
const fewKeys = 12;

/** The keys of one object; used again for its siblings. */
class Keys {
  readonly #few: string[] = [];
  #count = 0;
  #many: Set<string> | undefined;

  clear(): void {
    this.#count = 0;
    this.#many = undefined;
  }

  /** Takes a key; false when it is there already. */
  add(key: string): boolean {
    if (this.#many !== undefined) {
      const before = this.#many.size;
      return this.#many.add(key).size > before;
    }
    for (let at = 0; at < this.#count; at++) if (this.#few[at] === key) return false;
    if (this.#count === fewKeys) this.#many = new Set(this.#few).add(key);
    else this.#few[this.#count++] = key;
    return true;
  }
}

/** Walks the tokens of a text that is known to be JSON, looking at nothing but depth and the keys of each object. */
function assertPlainStructure(text: string, what: string): void {
  /** At each depth what an object there has had of keys. */
  const keysAt: Keys[] = [];
  /** At each depth whether it is an object. */
  const isObject: boolean[] = [];
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === 0x22) {
      const end = endOfString(text, at);
      if (isObject[depth] === true && nextIsColon(text, end + 1)) {
        const raw = text.slice(at + 1, end);
        const key = raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw;
        if (keysAt[depth]?.add(key) === false) throw badJson(what, `duplicate key ${JSON.stringify(key.slice(0, 80))}`);
      }
      at = end;
    } else if (char === 0x7b || char === 0x5b) {
      if (depth >= maxDepth) throw badJson(what, `nested deeper than ${maxDepth}`);
      depth++;
      isObject[depth] = char === 0x7b;
      const keys = keysAt[depth] ?? new Keys();
      keys.clear();
      keysAt[depth] = keys;
    } else if (char === 0x7d || char === 0x5d) {
      depth--;
    }
  }
}

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(at - 1 - backslashes) === 0x5c) backslashes++;
  return backslashes % 2 === 1;
}

function nextIsColon(text: string, from: number): boolean {
  let at = from;
  while (isSpace(text.charCodeAt(at))) at++;
  return text.charCodeAt(at) === 0x3a;
}

function isSpace(char: number): boolean {
  return char === 0x20 || char === 0x0a || char === 0x0d || char === 0x09;
}

function badJson(what: string, reason: string, cause?: unknown): ProtocolError {
  // V8 quotes the document in its message; keep it short and free of control characters.
  const clean = reason.replace(/[^\x20-\x7e]/g, '?').slice(0, 160);
  return new ProtocolError('ERR_OCI_BAD_JSON', `${what} is not one strict JSON value: ${clean}`, {
    cause,
    hint: 'it was replaced, changed or cut short on its way: a proxy or login page may have answered (curl -v shows it)',
  });
}
