import { BundleReader, type BundleRecord, ImportValidator, type ValidationRule } from '../../index.js';
import type { CommandContext } from '../command-context.js';
import { drawRecord } from '../draw-record.js';
import { exitCodes } from '../exit-codes.js';
import { UsageError } from '../usage-error.js';

/** Flags of `bundle inspect`. */
export interface InspectFlags {
  readonly file: string;
  readonly format: 'tree' | 'json';
}

/** Shows what a bundle says is in it. */
export async function runInspect({ file, format }: InspectFlags, context: CommandContext): Promise<number> {
  const { output, signal } = context;
  const record = await readRecord(file, signal);
  if (format === 'json') await output.json(record);
  else await output.result(drawRecord(record));
  output.info('this is what the bundle says about itself; bundle validate checks it');
  return exitCodes.fine;
}

/** Reads the bundle as far as its record, which stands near the start, and parses that strictly. */
async function readRecord(file: string, signal: AbortSignal): Promise<BundleRecord> {
  const found = new AbortController();
  let record: BundleRecord | undefined;
  // A rule is handed the record as soon as it has been read; what comes after it is not needed.
  const rule: ValidationRule = {
    id: 'inspect',
    onRecord(bundle): void {
      record = bundle.record;
      found.abort();
    },
  };
  await using reader = new BundleReader(file, { signal });
  const validator = new ImportValidator({ rules: [rule] });
  const stop = { signal: AbortSignal.any([signal, found.signal]) };
  const report = await validator.validate(reader, stop).catch((error: unknown) => {
    if (!found.signal.aborted) throw error;
    return undefined;
  });
  if (record !== undefined) return record;
  const reason = report?.findings[0]?.message ?? 'it has no bundle.json';
  throw new UsageError(`${file} is not a bundle that can be read: ${reason}`, {
    hint: `oci-referrers bundle validate --file ${file}`,
  });
}
