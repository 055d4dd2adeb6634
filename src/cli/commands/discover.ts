import { createResolver, discoverReferrers, escapeText, parseReference, type Resolver } from '../../index.js';
import type { CommandContext } from '../command-context.js';
import type { ConnectionFlags } from '../connection-flags.js';
import { connectionOptions } from '../connection-options.js';
import { type Discovery, fromGraph, fromList } from '../discovery.js';
import { discovering } from '../discovery-failure.js';
import { drawDiscoveryTable, drawDiscoveryTree } from '../draw-discovery.js';
import { exitCodes } from '../exit-codes.js';

/** Flags of `discover`. */
export interface DiscoverFlags extends ConnectionFlags {
  readonly artifactType?: readonly string[] | undefined;
  readonly recursive?: boolean | undefined;
  readonly platform?: readonly string[] | undefined;
  readonly legacyTags?: boolean | undefined;
  readonly format: 'tree' | 'table' | 'json';
}

/** Shows what refers to an image. */
export async function runDiscover(reference: string, flags: DiscoverFlags, context: CommandContext): Promise<number> {
  const { registry } = parseReference(reference);
  await using resolver = createResolver(await connectionOptions(flags, [registry], context));
  const discovery = await discovering(() => discover(resolver, reference, flags, context.signal));
  const { output } = context;
  const isFiltered = flags.artifactType !== undefined;
  if (flags.format === 'json') await output.json(discovery);
  else if (flags.format === 'table') await output.result(drawDiscoveryTable(discovery, isFiltered));
  else await output.result(drawDiscoveryTree(discovery, isFiltered));
  for (const warning of [...discovery.warnings, ...advice(discovery, flags)]) output.warn(escapeText(warning, 2048));
  return exitCodes.fine;
}

async function discover(
  resolver: Resolver,
  reference: string,
  flags: DiscoverFlags,
  signal: AbortSignal,
): Promise<Discovery> {
  const resolved = await resolver.resolve(reference, { signal });
  const fetcher = await resolver.fetcher(reference, { signal });
  const { artifactType: artifactTypes, platform: platforms, legacyTags, concurrency } = flags;
  if (flags.recursive === true || platforms !== undefined) {
    const options = { artifactTypes, platforms, legacyTags, includeTagSchema: true, concurrency, signal };
    return fromGraph(reference, resolved, await discoverReferrers(fetcher, resolved.descriptor, options));
  }
  // Types in lists are unreliable, a registry answers a mistyped repository like one without referrers, and one that was
  // given the API later may list there only what came since.
  const options = { legacyTags, resolveTypes: true, confirmSubject: true, includeTagSchema: true, signal };
  const list = await fetcher.listReferrers(resolved.descriptor, options);
  return fromList(reference, resolved, list, artifactTypes);
}

function advice({ mediaType, subjects }: Discovery, flags: DiscoverFlags): readonly string[] {
  if (flags.recursive === true || flags.platform !== undefined) return [];
  const isIndex = /index|manifest\.list/.test(mediaType);
  if (!isIndex || subjects.some((subject) => subject.referrers.length > 0)) return [];
  return ['this is an index: its platforms may have referrers of their own, which --recursive follows'];
}
