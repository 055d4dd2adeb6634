import { stat } from 'node:fs/promises';
import {
  type ArtifactCategory,
  type BundlePlan,
  type BundleReport,
  type BundleWriterOptions,
  createResolver,
  type ExportOptions,
  escapeText,
  exportBundle,
  type LayoutReferrers,
  planExport,
  type RequiredReferrer,
} from '../../index.js';
import type { CommandContext } from '../command-context.js';
import type { ConnectionFlags } from '../connection-flags.js';
import { connectionOptions } from '../connection-options.js';
import { asDiscoveryFailure, discovering } from '../discovery-failure.js';
import { discoveryProgress } from '../discovery-progress.js';
import { exitCodes } from '../exit-codes.js';
import { countOf, formatSize } from '../format-size.js';
import { imageLines } from '../image-lines.js';
import { leftOut } from '../left-out.js';
import { parseImage } from '../parse-image.js';
import { readConfig } from '../read-config.js';
import { readSignKeys } from '../signing-keys.js';
import { UsageError } from '../usage-error.js';

/** Flags of `bundle export`. */
export interface ExportFlags extends ConnectionFlags {
  readonly output: string;
  readonly config?: string | undefined;
  readonly artifactType?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  readonly category?: readonly ArtifactCategory[] | undefined;
  readonly excludeCategory?: readonly ArtifactCategory[] | undefined;
  readonly require?: readonly RequiredReferrer[] | undefined;
  readonly platform?: readonly string[] | undefined;
  readonly compression?: BundleWriterOptions['compression'];
  readonly layoutReferrers: LayoutReferrers;
  readonly legacyTags?: boolean | undefined;
  readonly base?: string | undefined;
  readonly signKey?: readonly string[] | undefined;
  readonly resume?: string | undefined;
  readonly expiresAt?: string | undefined;
  readonly split?: number | undefined;
  readonly force?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
  readonly format: 'text' | 'json';
}

/** Writes images and everything that refers to them into one file. */
export async function runExport(
  references: readonly string[],
  given: ExportFlags,
  context: CommandContext,
): Promise<number> {
  const { output, signal } = context;
  assertCompressionKnown(given);
  warnOfName(given, context);
  const flags = await withConfig(given, context);
  const registries = references.map((reference) => parseImage(reference, 'reference').registry);
  await using resolver = createResolver(await connectionOptions(flags, registries, context));
  const signers = await readSignKeys(flags.signKey, '--sign-key', context);
  const options = { ...writerOptions(flags), signers, onManifest: discoveryProgress(output) };
  if (flags.dryRun === true) {
    const plan = await discovering(() => planExport(resolver, references, { ...options, signal }));
    if (flags.format === 'json') await output.json(plan);
    else await output.result(describePlan(plan, flags));
    await warnOfFile(flags, context);
    warnAll(plan.warnings, context);
    return exitCodes.fine;
  }
  // The plan is complete once every list has been confirmed; what fails later is not a doubt about referrers.
  let totalBytes: number | undefined;
  const onProgress: ExportOptions['onProgress'] = (event) => {
    if (event.type === 'plan') ({ totalBytes } = event);
    else output.progress({ label: 'writing', doneBytes: event.doneBytes, totalBytes: totalBytes ?? 0 });
  };
  const file = {
    output: flags.output,
    force: flags.force,
    workDirectory: flags.resume,
    partBytes: flags.split,
    onProgress,
    signal,
  };
  const report = await exportBundle(resolver, references, { ...options, ...file }).catch((error: unknown) => {
    throw totalBytes === undefined ? asDiscoveryFailure(error) : error;
  });
  if (flags.format === 'json') await output.json(report);
  else await output.result(describeReport(report, flags));
  warnAll(report.warnings, context);
  return exitCodes.fine;
}

/** What the configuration file sets counts where the flag was not given. */
async function withConfig(flags: ExportFlags, context: CommandContext): Promise<ExportFlags> {
  const { timeoutSeconds, maxConcurrentDiscoveries } = await readConfig(flags.config, context);
  return {
    ...flags,
    timeout: flags.timeout ?? timeoutSeconds,
    concurrency: flags.concurrency ?? maxConcurrentDiscoveries,
  };
}

/** Told before a registry is asked for anything. */
function assertCompressionKnown({ output, compression }: ExportFlags): void {
  if (compression !== undefined || /\.(?:tgz|tar\.gz|tar)$/i.test(output)) return;
  throw new UsageError(`--output ${output} does not say how the bundle is packed`, {
    hint: 'end the name in .tgz, .tar.gz or .tar, or give --compression as well',
  });
}

/** Our readers look at the bytes; people and their tar go by the name. */
function warnOfName({ output, compression }: ExportFlags, { output: shown }: CommandContext): void {
  const isTar = /\.tar$/i.test(output);
  const isGzip = /\.(?:tgz|tar\.gz)$/i.test(output);
  if (compression === 'none' ? isGzip : isTar && compression !== undefined) {
    const what = isTar ? 'a gzip file' : 'a plain tar';
    shown.warn(`${output} will be ${what} with --compression ${compression ?? ''}, whatever its name says`);
  }
}

/** What only writing would find out. */
async function warnOfFile({ output, split, force }: ExportFlags, { output: shown }: CommandContext): Promise<void> {
  const path = split === undefined ? output : `${output}.parts.json`;
  if (force === true || (await stat(path).catch(() => undefined)) === undefined) return;
  shown.warn(`${path} exists already: without --force it will not be replaced`);
}

function writerOptions(flags: ExportFlags): Omit<ExportOptions, 'output' | 'signal'> {
  return {
    artifactTypes: flags.artifactType,
    excludeArtifactTypes: flags.exclude,
    categories: flags.category,
    excludeCategories: flags.excludeCategory,
    requireReferrers: flags.require,
    platforms: flags.platform,
    layoutReferrers: flags.layoutReferrers,
    compression: flags.compression,
    base: flags.base,
    expiresAt: flags.expiresAt,
    legacyTags: flags.legacyTags,
    concurrency: flags.concurrency,
  };
}

function describeReport(report: BundleReport, flags: ExportFlags): readonly string[] {
  return [
    `wrote ${report.path ?? ''}  ${formatSize(report.bytes)}${inParts(report)}`,
    `  sha256 ${report.sha256}`,
    ...report.signedBy.map((hint) => `  signed by ${hint}`),
    ...describeContent(report, flags),
  ];
}

function inParts({ parts }: BundleReport): string {
  return parts === undefined ? '' : ` in ${countOf(parts.length, 'part')}, ${parts[0]?.name ?? ''} and on`;
}

function describePlan(plan: BundlePlan, flags: ExportFlags): readonly string[] {
  const sizes = `${formatSize(plan.archiveBytes)}, of which ${formatSize(plan.blobBytes)} are blobs`;
  return [`would write ${flags.output}  ${sizes}`, ...describeContent(plan, flags)];
}

function describeContent(content: BundlePlan | BundleReport, flags: ExportFlags): readonly string[] {
  const { bundleId, previousBundleId, deltaBytes, images, subjects, counts } = content;
  const { referrers, blobs } = counts;
  const manifests = new Set(subjects.map(({ subject }) => subject)).size;
  // What is not a subject was made for the bundle: nobody could have referred to it.
  const made = counts.manifests - manifests;
  const forOthers = `${countOf(made, 'index', 'indexes')} by which other tools find the referrers`;
  const filtered = subjects.reduce((sum, { discovery }) => sum + discovery.filtered, 0);
  const filters = [flags.artifactType, flags.exclude, flags.category, flags.excludeCategory];
  const left = leftOut(
    filtered,
    filters.some((filter) => filter !== undefined),
  );
  const lists = new Set(subjects.map(({ discovery }) => `${discovery.source} of ${discovery.host}`));
  const listed = `${countOf(referrers, 'referrer')} of ${countOf(subjects.length, 'manifest')}`;
  return [
    `  bundle ${bundleId}`,
    ...(previousBundleId === undefined
      ? []
      : [`  base   ${previousBundleId}`, `         which has ${formatSize(deltaBytes)} of it`]),
    ...images.flatMap(imageLines),
    `  holds  ${listed} (${[...lists].map((text) => escapeText(text)).join(', ')})`,
    ...(left === undefined ? [] : [`         ${left}`]),
    `         ${countOf(manifests, 'manifest')}, ${countOf(blobs, 'blob')}${made > 0 ? `, ${forOthers}` : ''}`,
  ];
}

function warnAll(warnings: readonly string[], { output }: CommandContext): void {
  for (const warning of warnings) output.warn(escapeText(warning, 2048));
}
