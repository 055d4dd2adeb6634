import { hostsFault } from './hosts-fault.js';

/** A table of TOML. */
export type TomlTable = Readonly<Record<string, unknown>>;

/** Arrays and inline tables inside each other; the format needs two. */
const maxDepth = 8;

/**
 * Parses the bytes of a `hosts.toml`; only the form is checked here.
 *
 * @param file - its path, for the error
 * @throws {@link ArgumentError} `ERR_OCI_INVALID_OPTION`, naming file and line
 */
export async function parseToml(bytes: Uint8Array, file: string): Promise<TomlTable> {
  const { parse, TomlError } = await import('smol-toml');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw hostsFault(file, 'is not UTF-8, as TOML has to be');
  }
  try {
    return parse(text, { maxDepth, unsafeKeyBehaviour: 'throw' });
  } catch (error) {
    // No cause, and the first line of the message alone: the rest quotes the file, and headers may be secret.
    if (!(error instanceof TomlError)) throw hostsFault(file, 'cannot be parsed as TOML');
    const [reason = ''] = error.message.replace(/^Invalid TOML document: /, '').split('\n');
    throw hostsFault(file, `is not TOML, line ${error.line}: ${reason}`);
  }
}

/** Tells a table from everything else, dates included. */
export function isTomlTable(value: unknown): value is TomlTable {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
