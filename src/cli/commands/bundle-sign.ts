import { escapeText, signBundle } from '../../index.js';
import { checkingProgress } from '../checking-progress.js';
import type { CommandContext } from '../command-context.js';
import { exitCodes } from '../exit-codes.js';
import { imageLines } from '../image-lines.js';
import { reading } from '../input-failure.js';
import { namingKeys, readSignKeys } from '../signing-keys.js';
import { UsageError } from '../usage-error.js';

/** Flags of `bundle sign`. */
export interface SignFlags {
  readonly file: string;
  readonly signKey: string;
  readonly output?: string | undefined;
  readonly force?: boolean | undefined;
  readonly format: 'text' | 'json';
}

/** Validates a bundle and writes a signature beside it. */
export async function runSign(flags: SignFlags, context: CommandContext): Promise<number> {
  const { file, signKey, output: path, force } = flags;
  const { output, signal } = context;
  const [signer] = (await readSignKeys([signKey], '--sign-key', context)) ?? [];
  if (signer === undefined) throw new UsageError('sign needs a key', { hint: 'give --sign-key FILE' });
  const report = await namingKeys([signKey], () =>
    reading(file, () => signBundle(file, signer, { output: path, force, onChecked: checkingProgress(output), signal })),
  );
  if (flags.format === 'json') await output.json(report);
  else {
    await output.result([
      `signed ${escapeText(file)}`,
      `  bundle ${report.bundleId}`,
      ...report.images.flatMap(imageLines),
      `  key    ${report.signedBy}`,
      `  wrote  ${report.path}`,
    ]);
  }
  return exitCodes.fine;
}
