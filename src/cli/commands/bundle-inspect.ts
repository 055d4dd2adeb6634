import { access } from 'node:fs/promises';
import { basename } from 'node:path';
import { BundleReader, isOciError, readBundleRecord } from '../../index.js';
import { terminalWidth } from '../cli-io.js';
import type { CommandContext } from '../command-context.js';
import { drawRecord } from '../draw-record.js';
import { exitCodes } from '../exit-codes.js';
import { reading } from '../input-failure.js';
import { warnOfPart } from '../part-warning.js';
import { printReport, type ReportFormat } from '../report/print-report.js';
import { viewBundle } from '../report/view-record.js';
import type { SignatureFlags } from '../signature-flags.js';
import { UsageError } from '../usage-error.js';

/** Flags of `bundle inspect`. */
export interface InspectFlags extends SignatureFlags {
  readonly file: string;
  readonly format: 'tree' | 'json' | ReportFormat;
}

/** Shows what a bundle says is in it; a page also says whether that is so. */
export async function runInspect(flags: InspectFlags, context: CommandContext): Promise<number> {
  const { file, format } = flags;
  const { output, signal } = context;
  if (format !== 'html') refuseSignatureFlags(flags);
  warnOfPart(file, output);
  if (format === 'html') {
    const { writeBundleReport } = await import('./inspect-report.js');
    return await writeBundleReport(flags, await findBeside(file), context);
  }
  const record = await reading(file, () => readBundleRecord(file, { signal }));
  const signatures = await findSignatures(file, signal);
  if (format === 'json') await output.json({ ...record, signatures });
  else if (format === 'mermaid') await printReport(viewBundle({ title: basename(file), record }), format, context);
  else await output.result(drawRecord(record, signatures, terminalWidth(context.io.stdout)));
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
    return [...signatures, ...(await findBeside(file))];
  } catch (error) {
    if (isOciError(error, 'ERR_OCI_BUNDLE_INVALID')) return undefined;
    throw error;
  }
}

async function findBeside(file: string): Promise<readonly string[]> {
  const beside = `${file}.sigstore.json`;
  try {
    await access(beside);
    return [beside];
  } catch {
    return [];
  }
}

/** Nobody is to believe that a signature was looked at. */
function refuseSignatureFlags({ file, format, key, threshold, signature, expectPrevious }: InspectFlags): void {
  const given = {
    '--key': key,
    '--threshold': threshold,
    '--signature': signature,
    '--expect-previous': expectPrevious,
  };
  const flag = Object.entries(given).find(([, value]) => value !== undefined)?.[0];
  if (flag === undefined) return;
  throw new UsageError(`${flag} needs a check, and bundle inspect --format ${format} checks nothing`, {
    hint: `write --format html for a page with what was checked, or: oci-referrers bundle validate --file ${file} ${flag} …`,
  });
}
