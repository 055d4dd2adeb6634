import {
  createResolver,
  describeSigners,
  escapeText,
  type ImportOptions,
  type ImportReport,
  importBundle,
  parseReference,
  parseRegistryUrl,
  type ResolverOptions,
  type TransferReport,
} from '../../index.js';
import { checkingProgress } from '../checking-progress.js';
import type { CommandContext } from '../command-context.js';
import type { ConnectionFlags } from '../connection-flags.js';
import { connectionOptions } from '../connection-options.js';
import { environmentLogin, environmentOf, registryUrlOf } from '../environment-settings.js';
import { exitCodes } from '../exit-codes.js';
import { countOf, formatSize } from '../format-size.js';
import { parseLayoutLocation } from '../location.js';
import { warnOfPart } from '../part-warning.js';
import type { SignatureFlags } from '../signature-flags.js';
import { nameSigners, namingKeys, signatureOptions } from '../signing-keys.js';
import { UsageError } from '../usage-error.js';

/** Flags of `bundle import`. */
export interface ImportFlags extends ConnectionFlags, SignatureFlags {
  readonly file: string;
  readonly base?: string | undefined;
  readonly to?: string | undefined;
  readonly map?: readonly (readonly [string, string])[] | undefined;
  readonly strictReferrerValidation?: boolean | undefined;
  /** False with `--no-overwrite`. */
  readonly overwrite: boolean;
  readonly dryRun?: boolean | undefined;
  readonly format: 'text' | 'json';
}

/** Validates a bundle and pushes what is in it. */
export async function runImport(given: ImportFlags, context: CommandContext): Promise<number> {
  const { output, signal } = context;
  const { flags, login } = withTarget(given, context);
  const { layout, targets } = targetsOf(flags);
  warnOfPart(flags.file, output);
  await using resolver = createResolver({ ...login, ...(await connectionOptions(flags, targets, context)) });
  const { options, signatures, keyFiles } = await signatureOptions(flags.file, flags, context);
  const importOptions: ImportOptions = {
    ...options,
    signatures,
    resolver,
    to: layout === undefined ? flags.to : undefined,
    layout,
    base: flags.base,
    map: flags.map === undefined ? undefined : Object.fromEntries(flags.map),
    strictReferrerValidation: flags.strictReferrerValidation,
    keepTags: !flags.overwrite,
    dryRun: flags.dryRun,
    concurrency: flags.concurrency,
    signal,
    onChecked: checkingProgress(output),
    onProgress: ({ bytes, totalBytes, target }) => {
      output.progress({ label: escapeText(target), doneBytes: bytes, totalBytes });
    },
  };
  const report = await namingKeys(flags.key, () => importBundle(flags.file, importOptions));
  if (flags.format === 'json') await output.json(report);
  else await output.result(nameSigners(describe(report), keyFiles));
  return exitCodes.fine;
}

/** Where the command line names no target, the registry counts that the environment names, with its login; which is said. */
function withTarget(
  flags: ImportFlags,
  { io, output }: CommandContext,
): { readonly flags: ImportFlags; readonly login?: Pick<ResolverOptions, 'credentials'> } {
  const setting = environmentOf(io.env);
  const url = registryUrlOf(setting);
  if (flags.to !== undefined || flags.map !== undefined || url === undefined) return { flags };
  const { registry, scheme } = parseRegistryUrl(url);
  output.info(escapeText(`[INFO] Importing to ${registry}, which OCI__RegistryUrl names`));
  const target = { ...flags, to: registry, plainHttp: flags.plainHttp ?? scheme === 'http' };
  return { flags: target, login: { credentials: environmentLogin(setting, registry) } };
}

/** A directory; or the registries named as targets, where secrets of the command line may go. */
function targetsOf({ to, map = [] }: ImportFlags): { readonly layout?: string; readonly targets: readonly string[] } {
  const location = to === undefined ? undefined : parseLayoutLocation(to);
  if (location !== undefined) {
    if (map.length === 0 && location.name === undefined) return { layout: location.layout, targets: [] };
    throw new UsageError('images keep their names in a layout', {
      hint: 'give --to oci:DIR alone; copy gives other names',
    });
  }
  if (to === undefined && map.length === 0) {
    throw new UsageError('import needs a target', {
      hint: 'give --to REGISTRY[/PREFIX], --to oci:DIR, or --map FROM=TO; or set OCI__RegistryUrl',
    });
  }
  if (to?.includes('://') === true) {
    throw new UsageError(`--to ${to} has a scheme`, { hint: 'leave it out; --plain-http chooses HTTP' });
  }
  const mapped = map.map(([, target]) => parseReference(target, '--map').registry);
  return { targets: to === undefined ? mapped : [to.split('/', 1)[0] ?? to, ...mapped] };
}

function describe({ bundleId, dryRun, images, validation }: ImportReport): readonly string[] {
  const warnings = validation.findings.length;
  const done = dryRun ? 'would import' : 'imported';
  return [
    `${done} ${countOf(images.length, 'image')}`,
    `  bundle ${bundleId}`,
    ...images.flatMap(({ source, target, digest, transfer }) => [
      `  ${escapeText(source)} -> ${escapeText(target)}`,
      `    ${digest}`,
      ...(transfer === undefined ? [] : describeTransfer(transfer)),
    ]),
    ...(warnings === 0 ? [] : [`  validation had ${countOf(warnings, 'warning')}; bundle validate shows them`]),
    describeSigners(validation),
  ];
}

/** Says what was pushed, and how it is listed there. */
export function describeTransfer(transfer: TransferReport): readonly string[] {
  const { uploaded, mounted, skipped, uploadedBytes, previousDigest, subjects, absent } = transfer;
  const taken = mounted === 0 ? '' : `, ${mounted} taken from another repository there`;
  const carried = subjects.reduce((sum, subject) => sum + subject.carried, 0);
  const sources = [...new Set(subjects.filter((subject) => subject.carried > 0).map(({ source }) => source))];
  const how = sources.length === 0 ? '' : ` by ${sources.join(' and ')}`;
  return [
    `    ${uploaded} uploaded (${formatSize(uploadedBytes)}), ${skipped} ${skipped === 1 ? 'was' : 'were'} there already${taken}`,
    `    ${countOf(carried, 'referrer')} listed there${how}`,
    ...(absent.length === 0 ? [] : [`    ${countOf(absent.length, 'platform')} of the index did not come along`]),
    ...(previousDigest === undefined ? [] : [`    the tag pointed to ${escapeText(previousDigest)} before`]),
  ];
}
