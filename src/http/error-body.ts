import type { RegistryErrorDetail } from '../errors/index.js';
import { escapeText } from '../oci/escape.js';
import { quoteRegistry } from './redact.js';

const maxDetails = 8;
const maxCodeLength = 64;
const maxMessageLength = 400;
const maxPlainLength = 200;
/** How much of a JSON body that was cut is searched for codes. */
const maxSearchedLength = 64 * 1024;
const codeInText = /"code"[ \t\r\n]{0,16}:[ \t\r\n]{0,16}"([^"\\]{1,64})"/g;

/**
 * Reads what a registry says about an error, in any of the forms registries use.
 *
 * @remarks It never fails: an error body explains an error and is none itself. Numbers in `status` are not codes and
 * are left out; a page of HTML says nothing. JSON is read as far as it was buffered, since a code decides more than the
 * length of what stands beside it; where it was cut, only its codes are found.
 * @param bytes - the body, cut at any point
 * @param maxBytes - how much of a body that is no JSON is looked at
 * @returns at most 8 entries, escaped, codes in upper case
 */
export function parseErrorBody(bytes: Uint8Array, maxBytes: number): RegistryErrorDetail[] {
  const head = textOf(bytes.subarray(0, maxBytes));
  const text = /^["{[]/.test(head) ? textOf(bytes) : head;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text.startsWith('{') ? codesIn(text.slice(0, maxSearchedLength)) : detailsOfText(text);
  }
  const entries = isObject(value) && Array.isArray(value['errors']) ? (value['errors'] as unknown[]) : [value];
  return entries.slice(0, maxDetails).flatMap((entry) => detailOf(entry));
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8').trim();
}

function codesIn(text: string): RegistryErrorDetail[] {
  const found = [...text.matchAll(codeInText)].slice(0, maxDetails);
  return found.map(([, code = '']) => ({ code: escapeText(code.toUpperCase(), maxCodeLength), message: '' }));
}

function detailOf(entry: unknown): RegistryErrorDetail[] {
  if (typeof entry === 'string') return detailsOfText(entry);
  if (!isObject(entry)) return [];
  const message = firstText(entry, ['message', 'error_description', 'details', 'detail', 'error']);
  const code = firstText(entry, message === entry['error'] ? ['code'] : ['code', 'error']);
  if (code === '' && message === '') return [];
  return [{ code: escapeText(code.toUpperCase(), maxCodeLength), message: quoteRegistry(message, maxMessageLength) }];
}

/** Some say it in plain words, such as `Not Authorized` or `Too Many Requests (HAP429)`. */
function detailsOfText(text: string): RegistryErrorDetail[] {
  if (text === '' || text.length > maxPlainLength || /^[<{[]/.test(text)) return [];
  return [{ code: '', message: quoteRegistry(text, maxPlainLength) }];
}

function firstText(entry: Readonly<Record<string, unknown>>, names: readonly string[]): string {
  return (
    names.map((name) => entry[name]).find((value): value is string => typeof value === 'string' && value !== '') ?? ''
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
