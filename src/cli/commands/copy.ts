import {
  type CopyReport,
  copyImage,
  createResolver,
  escapeText,
  type ImageLocation,
  type RequiredReferrer,
  type Resolver,
} from '../../index.js';
import type { CommandContext } from '../command-context.js';
import type { ConnectionFlags } from '../connection-flags.js';
import { connectionOptions } from '../connection-options.js';
import { discoveryProgress } from '../discovery-progress.js';
import { exitCodes } from '../exit-codes.js';
import { countOf } from '../format-size.js';
import { type Location, parseLocation } from '../location.js';
import { describeTransfer } from './bundle-import.js';

/** Flags of `copy`. */
export interface CopyFlags extends ConnectionFlags {
  readonly artifactType?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  readonly require?: readonly RequiredReferrer[] | undefined;
  readonly platform?: readonly string[] | undefined;
  readonly legacyTags?: boolean | undefined;
  /** False with `--no-overwrite`. */
  readonly overwrite: boolean;
  readonly dryRun?: boolean | undefined;
  readonly format: 'text' | 'json';
}

/** Copies an image with everything that refers to it. */
export async function runCopy(
  source: string,
  target: string,
  flags: CopyFlags,
  context: CommandContext,
): Promise<number> {
  const { output, signal } = context;
  const locations = [parseLocation(source, 'source'), parseLocation(target, 'target')] as const;
  const registries = locations.flatMap((location) => ('registry' in location ? [location.registry] : []));
  await using resolver = createResolver(await connectionOptions(flags, registries, context));
  const report = await copyImage(at(locations[0], resolver), at(locations[1], resolver), {
    artifactTypes: flags.artifactType,
    excludeArtifactTypes: flags.exclude,
    requireReferrers: flags.require,
    platforms: flags.platform,
    legacyTags: flags.legacyTags,
    keepTags: !flags.overwrite,
    dryRun: flags.dryRun,
    concurrency: flags.concurrency,
    signal,
    onManifest: discoveryProgress(output),
    onProgress: ({ bytes, totalBytes, target: name }) => {
      output.progress({ label: escapeText(name), doneBytes: bytes, totalBytes });
    },
  });
  if (flags.format === 'json') await output.json(report);
  else await output.result(describe(report));
  for (const warning of report.warnings) output.warn(escapeText(warning, 2048));
  return exitCodes.fine;
}

function at(location: Location, resolver: Resolver): ImageLocation {
  return 'registry' in location ? { resolver, reference: location.reference } : location;
}

function describe(report: CopyReport): readonly string[] {
  const { source, target, digest, dryRun, referrers, manifests, blobs, movedTags, nondistributable } = report;
  const kept = nondistributable.length;
  return [
    `${dryRun ? 'would copy' : 'copied'} ${escapeText(source)} -> ${escapeText(target)}`,
    `    ${digest}`,
    `    ${countOf(referrers, 'referrer')}, ${countOf(manifests, 'manifest')} and ${countOf(blobs, 'blob')} in all`,
    ...(kept === 0 ? [] : [`    ${countOf(kept, 'layer')} left where its licence keeps it`]),
    ...(dryRun
      ? movedTags.map(({ tag, previousDigest }) => `    tag ${escapeText(tag)} would move from ${previousDigest}`)
      : describeTransfer(report)),
  ];
}
