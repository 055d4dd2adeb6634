import { type BundleRecord, diffBundles, readBundleRecord } from '../../index.js';
import type { CommandContext } from '../command-context.js';
import { drawDiff } from '../draw-diff.js';
import { exitCodes } from '../exit-codes.js';
import { reading } from '../input-failure.js';

/** Flags of `bundle diff`. */
export interface DiffFlags {
  readonly exitCode?: boolean | undefined;
  readonly format: 'text' | 'json';
}

/** Shows how two bundles differ, by what they say about themselves. */
export async function runDiff(
  files: readonly [before: string, after: string],
  { exitCode, format }: DiffFlags,
  context: CommandContext,
): Promise<number> {
  const { output, signal } = context;
  const read = (file: string): Promise<BundleRecord> => reading(file, () => readBundleRecord(file, { signal }));
  const diff = diffBundles(await read(files[0]), await read(files[1]));
  if (format === 'json') await output.json(diff);
  else await output.result(drawDiff(diff, files));
  output.info('this is what the bundles say about themselves; bundle validate checks it');
  return exitCode === true && !diff.same ? exitCodes.different : exitCodes.fine;
}
