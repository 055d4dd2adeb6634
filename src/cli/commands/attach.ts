import { basename } from 'node:path';
import { type ArtifactFile, attachArtifact, createResolver } from '../../index.js';
import type { CommandContext } from '../command-context.js';
import type { ConnectionFlags } from '../connection-flags.js';
import { connectionOptions } from '../connection-options.js';
import { exitCodes } from '../exit-codes.js';
import { parseImage } from '../parse-image.js';
import { readInputFile } from '../read-input.js';
import { UsageError } from '../usage-error.js';

/** Flags of `attach`. */
export interface AttachFlags extends ConnectionFlags {
  readonly artifactType: string;
  readonly annotation?: readonly (readonly [string, string])[] | undefined;
  readonly format: 'text' | 'json';
}

/** Files are held in memory until they are pushed. */
const maxFileBytes = 1024 ** 3;

/** Pushes files as a referrer of an image, and writes its name pinned by digest. */
export async function runAttach(
  reference: string,
  files: readonly string[],
  flags: AttachFlags,
  context: CommandContext,
): Promise<number> {
  const { signal, output } = context;
  const { registry, repository } = parseImage(reference, 'reference');
  const content: ArtifactFile[] = [];
  for (const file of files) content.push(await readFile(file, signal));
  await using resolver = createResolver(await connectionOptions(flags, [registry], context));
  const { descriptor: subject } = await resolver.resolve(reference, { signal });
  const pusher = await resolver.pusher(reference, { signal });
  const annotations = flags.annotation === undefined ? undefined : Object.fromEntries(flags.annotation);
  const artifact = { artifactType: flags.artifactType, files: content, annotations };
  const attached = await attachArtifact(pusher, subject, artifact, { signal });
  const name = `${registry}/${repository}@${attached.digest}`;
  if (flags.format === 'json') await output.json({ name, ...attached, subject });
  else await output.result([name]);
  return exitCodes.fine;
}

async function readFile(argument: string, signal: AbortSignal): Promise<ArtifactFile> {
  const colon = argument.lastIndexOf(':');
  const path = argument.slice(0, colon);
  const mediaType = argument.slice(colon + 1);
  if (colon < 1 || !mediaType.includes('/')) {
    throw new UsageError(`${argument} does not say its media type`, {
      hint: `write FILE:TYPE, such as ${argument.split(':', 1)[0] ?? 'FILE'}:application/spdx+json`,
    });
  }
  const content = await readInputFile(path, 'file', { maxBytes: maxFileBytes, signal });
  return { mediaType, content, annotations: { 'org.opencontainers.image.title': basename(path) } };
}
