import { createResolver, isOciError, probeCapabilities, type RegistryCapabilities } from '../../index.js';
import type { CliIo } from '../cli-io.js';
import type { CommandContext } from '../command-context.js';
import type { ConnectionFlags } from '../connection-flags.js';
import { connectionOptions } from '../connection-options.js';
import { asDiscoveryFailure } from '../discovery-failure.js';
import { drawCapabilities } from '../draw-capabilities.js';
import { exitCodeOf } from '../exit-code-of.js';
import { exitCodes } from '../exit-codes.js';
import { parseLocation } from '../location.js';
import type { Output } from '../output.js';
import { printError } from '../print-error.js';
import { lineWidthOf } from '../report-lines.js';
import { UsageError } from '../usage-error.js';
import { wrapText } from '../wrap-text.js';

/** Flags of `probe`. */
export interface ProbeFlags extends ConnectionFlags {
  readonly writeProbes?: boolean | undefined;
  readonly format: 'table' | 'json';
}

type Outcome =
  | { readonly reference: string; readonly found: RegistryCapabilities }
  | { readonly reference: string; readonly error: unknown };

/** Shows what registries can do; one that cannot be probed does not keep the others from being shown. */
export async function runProbe(
  references: readonly string[],
  flags: ProbeFlags,
  context: CommandContext,
): Promise<number> {
  const { output, io, signal } = context;
  const registries = references.map(registryOf);
  await using resolver = createResolver(await connectionOptions(flags, registries, context));
  const probe = async (reference: string): Promise<Outcome> => {
    try {
      const found = await probeCapabilities(resolver, reference, { writeProbes: flags.writeProbes, signal });
      return { reference, found };
    } catch (error) {
      signal.throwIfAborted();
      return { reference, error };
    }
  };
  const { concurrency: most = 4 } = flags;
  const outcomes: Outcome[] = [];
  for (let at = 0; at < references.length; at += most) {
    outcomes.push(...(await Promise.all(references.slice(at, at + most).map(probe))));
  }
  if (flags.format === 'json') await output.json(outcomes.map(asJson));
  else await output.result(draw(outcomes, lineWidthOf(io.stdout)));
  for (const outcome of outcomes) {
    if ('error' in outcome) await printError(outcome.error, output, io);
    else for (const warning of outcome.found.warnings) sayLeft(warning, output, io);
  }
  return exitCodeFor(outcomes);
}

/** What is left at a registry is said with --quiet too: nobody else will remove it. */
function sayLeft(warning: string, output: Output, { stderr }: CliIo): void {
  for (const line of wrapText(`warning: ${warning}`, lineWidthOf(stderr), '         ')) output.error(line);
}

function registryOf(reference: string): string {
  const location = parseLocation(reference, 'registry/repo');
  if ('registry' in location) return location.registry;
  throw new UsageError(`${reference} is an image layout, and only registries are probed`, {
    hint: 'name an image in a registry, such as registry.example.com/team/app:1.2',
  });
}

/** A fault that left something open is one of discovery: what the registry can do could not be confirmed. */
function exitCodeFor(outcomes: readonly Outcome[]): number {
  const failed = outcomes.find((outcome) => 'error' in outcome);
  if (failed !== undefined) return exitCodeOf(asDiscoveryFailure(failed.error));
  const isOpen = outcomes.some(
    (outcome) => 'found' in outcome && outcome.found.capabilities.some(({ fault }) => fault !== undefined),
  );
  return isOpen ? exitCodes.unconfirmed : exitCodes.fine;
}

function draw(outcomes: readonly Outcome[], width: number): readonly string[] {
  const blocks = outcomes.flatMap((outcome) =>
    'found' in outcome ? [drawCapabilities(outcome.reference, outcome.found, width)] : [],
  );
  return blocks.flatMap((block, at) => (at === 0 ? block : ['', ...block]));
}

function asJson(outcome: Outcome): Record<string, unknown> {
  const { reference } = outcome;
  if ('found' in outcome) return { reference, ...outcome.found };
  const { error } = outcome;
  return { reference, error: isOciError(error) ? error.toJSON() : { message: String(error) } };
}
