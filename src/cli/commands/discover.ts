import {
  createResolver,
  discoverReferrers,
  escapeText,
  openLayout,
  type ReferrersSource,
  type Resolved,
  type Resolver,
} from '../../index.js';
import { parseBundleLocation } from '../bundle-location.js';
import { terminalWidth } from '../cli-io.js';
import type { CommandContext } from '../command-context.js';
import type { ConnectionFlags } from '../connection-flags.js';
import { connectionOptions } from '../connection-options.js';
import { type Discovery, fromGraph, fromList } from '../discovery.js';
import { discovering } from '../discovery-failure.js';
import { discoveryProgress } from '../discovery-progress.js';
import { drawDiscoveryTable, drawDiscoveryTree } from '../draw-discovery.js';
import { exitCodes } from '../exit-codes.js';
import { type Location, parseLocation } from '../location.js';
import { printReport, type ReportFormat } from '../report/print-report.js';
import { viewDiscovery } from '../report/view-discovery.js';
import { runDiscoverBundle } from './discover-bundle.js';

/** Flags of `discover`. */
export interface DiscoverFlags extends ConnectionFlags {
  readonly artifactType?: readonly string[] | undefined;
  readonly recursive?: boolean | undefined;
  readonly platform?: readonly string[] | undefined;
  readonly legacyTags?: boolean | undefined;
  readonly format: 'tree' | 'table' | 'json' | ReportFormat;
}

/** Shows what refers to an image. */
export async function runDiscover(reference: string, flags: DiscoverFlags, context: CommandContext): Promise<number> {
  const bundle = await parseBundleLocation(reference);
  if (bundle !== undefined) return await runDiscoverBundle(bundle, flags, context);
  const location = parseLocation(reference, 'reference');
  const registries = 'registry' in location ? [location.registry] : [];
  await using resolver = createResolver(await connectionOptions(flags, registries, context));
  const discovery = await discovering(async () => {
    const found = await find(location, resolver, context.signal);
    return await discover(found, reference, flags, context);
  });
  const warnings = [...discovery.warnings, ...advice(discovery, flags)];
  await print(discovery, warnings, flags, context);
  for (const warning of warnings) context.output.warn(escapeText(warning, 2048));
  return exitCodes.fine;
}

async function print(
  discovery: Discovery,
  warnings: readonly string[],
  { format, artifactType }: DiscoverFlags,
  context: CommandContext,
): Promise<void> {
  const { output } = context;
  const isFiltered = artifactType !== undefined;
  if (format === 'json') await output.json(discovery);
  else if (format === 'table') await output.result(drawDiscoveryTable(discovery, isFiltered));
  else if (format === 'tree')
    await output.result(drawDiscoveryTree(discovery, isFiltered, terminalWidth(context.io.stdout)));
  else await printReport(viewDiscovery({ ...discovery, warnings }, isFiltered), format, context);
}

interface Found {
  readonly source: ReferrersSource;
  readonly resolved: Resolved;
}

async function find(location: Location, resolver: Resolver, signal: AbortSignal): Promise<Found> {
  if ('registry' in location) {
    const { reference } = location;
    const resolved = await resolver.resolve(reference, { signal });
    return { resolved, source: await resolver.fetcher(reference, { signal }) };
  }
  const layout = await openLayout(location.layout);
  const { descriptor, repository } = await layout.resolve(location.name);
  const name = `oci:${location.layout}@${descriptor.digest}`;
  return { resolved: { name, descriptor }, source: layout.inRepository(repository) };
}

async function discover(
  { source, resolved }: Found,
  reference: string,
  flags: DiscoverFlags,
  { output, signal }: CommandContext,
): Promise<Discovery> {
  const { artifactType: artifactTypes, platform: platforms, legacyTags, concurrency } = flags;
  if (flags.recursive === true || platforms !== undefined) {
    const which = { artifactTypes, platforms, legacyTags, includeTagSchema: true };
    const options = { ...which, concurrency, signal, onManifest: discoveryProgress(output) };
    return fromGraph(reference, resolved, await discoverReferrers(source, resolved.descriptor, options));
  }
  // Types in lists are unreliable, a registry answers a mistyped repository like one without referrers, and one that was
  // given the API later may list there only what came since.
  const options = { legacyTags, resolveTypes: true, confirmSubject: true, includeTagSchema: true, signal };
  const list = await source.listReferrers(resolved.descriptor, options);
  return fromList(reference, resolved, list, artifactTypes);
}

function advice({ mediaType, subjects }: Discovery, flags: DiscoverFlags): readonly string[] {
  if (flags.recursive === true || flags.platform !== undefined) return [];
  const isIndex = /index|manifest\.list/.test(mediaType);
  if (!isIndex || subjects.some((subject) => subject.referrers.length > 0)) return [];
  return ['this is an index: its platforms may have referrers of their own, which --recursive follows'];
}
