import { createHash, createPublicKey } from 'node:crypto';
import { stat } from 'node:fs/promises';
import {
  type BundleSigner,
  createKeySigner,
  escapeText,
  isOciError,
  type SignatureOptions,
  type ValidateOptions,
} from '../index.js';
import type { CommandContext } from './command-context.js';
import { InputFailure, reading } from './input-failure.js';
import { readInputFile } from './read-input.js';
import { passphraseVariable, type SignatureFlags } from './signature-flags.js';

/** No key has more; a file that was named by mistake is not read whole. */
const maxKeyBytes = 64 * 1024;

/** Makes signers from private keys; warns of a key that others on the machine can read. */
export async function readSignKeys(
  files: readonly string[] | undefined,
  flag: string,
  { io, output, signal }: CommandContext,
): Promise<readonly BundleSigner[] | undefined> {
  const passphrase = io.env[passphraseVariable];
  const signers: BundleSigner[] = [];
  for (const file of files ?? []) {
    const pem = (await readInputFile(file, flag, { maxBytes: maxKeyBytes, signal })).toString();
    const { mode } = await stat(file);
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      output.warn(`${flag} ${file} can be read by others on this machine: chmod 600 keeps it to you`);
    }
    const options = passphrase === undefined || passphrase === '' ? {} : { passphrase };
    signers.push(await reading(file, () => Promise.resolve(createKeySigner(pem, options))));
  }
  return files === undefined ? undefined : signers;
}

/** What the flags about signatures were made into. */
export interface SignatureSettings {
  /** What the library is told: keys by content. */
  readonly options: SignatureOptions;
  /** Signatures beside the bundle. */
  readonly signatures: ValidateOptions['signatures'];
  /** Files of the keys, by the hint that a report names a key by. */
  readonly keyFiles: ReadonlyMap<string, string>;
}

/** Reads keys, and finds the signatures beside the bundle. */
export async function signatureOptions(
  bundle: string,
  flags: SignatureFlags,
  { output, signal }: CommandContext,
): Promise<SignatureSettings> {
  const { key: files, threshold: signatureThreshold, expectPrevious } = flags;
  const trustedKeys: string[] = [];
  const keyFiles = new Map<string, string>();
  for (const file of files ?? []) {
    const pem = (await readInputFile(file, '--key', { maxBytes: maxKeyBytes, signal })).toString();
    trustedKeys.push(pem);
    const hint = hintOf(pem);
    if (hint !== undefined) keyFiles.set(hint, file);
  }
  const options = { trustedKeys: files === undefined ? undefined : trustedKeys, signatureThreshold, expectPrevious };
  const beside = flags.signature ?? (await besides(bundle));
  const isChecked = files !== undefined || flags.signature !== undefined;
  if (!isChecked && beside.length > 0) output.warn(`${beside.join(', ')} was not looked at; give --key to check it`);
  return { options, signatures: isChecked ? beside : [], keyFiles };
}

/** Says in the line about who signed which file each key is in: nobody knows keys by their hints. */
export function nameSigners(lines: readonly string[], keyFiles: ReadonlyMap<string, string>): readonly string[] {
  return lines.map((line) => {
    if (!line.startsWith('signed by ')) return line;
    return line.replaceAll(/[A-Za-z0-9+/]{43}=/g, (hint) => {
      const file = keyFiles.get(hint);
      return file === undefined ? hint : `${escapeText(file)} (${hint})`;
    });
  });
}

/** The hint of a public key; a file that is none is reported by the library. */
function hintOf(pem: string): string | undefined {
  try {
    const der = createPublicKey(pem).export({ type: 'spki', format: 'der' });
    return createHash('sha256').update(der).digest('base64');
  } catch {
    return undefined;
  }
}

/** Names the file of a key that the library refuses by its place in a list. */
export async function namingKeys<Result>(
  files: readonly string[] | undefined,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const argument = isOciError(error) && 'argument' in error ? String(error.argument) : '';
    const file = files?.[Number(/^(?:trustedKeys|signers)\.(\d+)/.exec(argument)?.[1] ?? Number.NaN)];
    throw file === undefined || !(error instanceof Error) ? error : new InputFailure(file, error);
  }
}

/** The signature that `bundle sign` writes stands here; anything that is there is looked at, readable or not. */
async function besides(bundle: string): Promise<readonly string[]> {
  const path = `${bundle}.sigstore.json`;
  try {
    await stat(path);
    return [path];
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    return [path];
  }
}
