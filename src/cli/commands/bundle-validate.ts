import { BundleReader, ImportValidator, type RequiredReferrer } from '../../index.js';
import { checkingProgress } from '../checking-progress.js';
import type { CommandContext } from '../command-context.js';
import { exitCodes } from '../exit-codes.js';
import { warnOfPart } from '../part-warning.js';
import { reportLines } from '../report-lines.js';
import type { SignatureFlags } from '../signature-flags.js';
import { namingKeys, signatureOptions } from '../signing-keys.js';

/** Flags of `bundle validate`. */
export interface ValidateFlags extends SignatureFlags {
  readonly file: string;
  readonly base?: string | undefined;
  readonly layout?: boolean | undefined;
  readonly checkReferrers?: boolean | undefined;
  readonly strict?: boolean | undefined;
  readonly require?: readonly RequiredReferrer[] | undefined;
  readonly format: 'text' | 'json';
}

/** Checks a bundle and prints what was found. */
export async function runValidate(flags: ValidateFlags, context: CommandContext): Promise<number> {
  const { io, output, signal } = context;
  const { file, base, checkReferrers, strict, require: requireReferrers } = flags;
  warnOfPart(file, output);
  const format = flags.layout === true ? 'layout' : 'bundle';
  const { options, signatures, keyFiles } = await signatureOptions(file, flags, context);
  const report = await namingKeys(flags.key, async () => {
    const validator = new ImportValidator({ format, base, checkReferrers, strict, requireReferrers, ...options });
    await using reader = new BundleReader(file, { signal, onProgress: checkingProgress(output) });
    return await validator.validate(reader, { signatures, signal });
  });
  if (flags.format === 'json') await output.json(report);
  else {
    const subjects = checkReferrers === true || flags.layout === true;
    await output.result(reportLines(report, { subjects }, io.stdout, keyFiles));
  }
  return report.ok ? exitCodes.fine : exitCodes.refuted;
}
