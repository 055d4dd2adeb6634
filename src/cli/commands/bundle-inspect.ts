import { access } from 'node:fs/promises';
import { BundleReader, isOciError, readBundleRecord } from '../../index.js';
import type { CommandContext } from '../command-context.js';
import { drawRecord } from '../draw-record.js';
import { exitCodes } from '../exit-codes.js';
import { reading } from '../input-failure.js';
import { warnOfPart } from '../part-warning.js';

/** Flags of `bundle inspect`. */
export interface InspectFlags {
  readonly file: string;
  readonly format: 'tree' | 'json';
}

/** Shows what a bundle says is in it. */
export async function runInspect({ file, format }: InspectFlags, context: CommandContext): Promise<number> {
  const { output, signal } = context;
  warnOfPart(file, output);
  const record = await reading(file, () => readBundleRecord(file, { signal }));
  const signatures = await findSignatures(file, signal);
  if (format === 'json') await output.json({ ...record, signatures });
  else await output.result(drawRecord(record, signatures));
  output.info('this is what the bundle says about itself; bundle validate checks it');
  return exitCodes.fine;
}

/**
 * Lists the signatures in a bundle, which stand before everything large, and the one beside it, which has its name.
 *
 * @returns undefined where the file is damaged by then
 */
async function findSignatures(file: string, signal: AbortSignal): Promise<readonly string[] | undefined> {
  const signatures: string[] = [];
  await using reader = new BundleReader(file, { signal });
  try {
    for await (const { path } of reader) {
      if (path.startsWith('signatures/')) signatures.push(path);
      if (/^(?:indexes|referrers|blobs)\//.test(path)) break;
    }
    const beside = `${file}.sigstore.json`;
    return (await isThere(beside)) ? [...signatures, beside] : signatures;
  } catch (error) {
    if (isOciError(error, 'ERR_OCI_BUNDLE_INVALID')) return undefined;
    throw error;
  }
}

async function isThere(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false;
  }
}
