import { readBundleRecord } from '../../index.js';
import type { CommandContext } from '../command-context.js';
import { drawRecord } from '../draw-record.js';
import { exitCodes } from '../exit-codes.js';
import { reading } from '../input-failure.js';

/** Flags of `bundle inspect`. */
export interface InspectFlags {
  readonly file: string;
  readonly format: 'tree' | 'json';
}

/** Shows what a bundle says is in it. */
export async function runInspect({ file, format }: InspectFlags, context: CommandContext): Promise<number> {
  const { output, signal } = context;
  const record = await reading(file, () => readBundleRecord(file, { signal }));
  if (format === 'json') await output.json(record);
  else await output.result(drawRecord(record));
  output.info('this is what the bundle says about itself; bundle validate checks it');
  return exitCodes.fine;
}
