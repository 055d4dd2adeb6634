import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ArtifactContent, type ContentSource, type Descriptor, escapeText, readArtifact } from '../../index.js';
import type { CommandContext } from '../command-context.js';
import type { ConnectionFlags } from '../connection-flags.js';
import { exitCodes } from '../exit-codes.js';
import { type NamedFile, nameFiles, nameOfDigest, titleOf } from '../file-names.js';
import { countOf, formatSize } from '../format-size.js';
import { openPlace } from '../open-place.js';
import { OutputFailure } from '../output-failure.js';
import { UsageError } from '../usage-error.js';
import { type FileSource, type WriteFilesOptions, writeFiles } from '../write-files.js';

/** Flags of `pull`. */
export interface PullFlags extends ConnectionFlags {
  readonly output: string;
  readonly manifest?: boolean | undefined;
  readonly force?: boolean | undefined;
  /** Bytes of all files together. */
  readonly maxSize: number;
  readonly format: 'text' | 'json';
}

/** Says that there are no files: the empty config, once more as a layer. */
const emptyType = 'application/vnd.oci.empty.v1+json';

/** Writes the content of one referrer as files, verified. */
export async function runPull(reference: string, flags: PullFlags, context: CommandContext): Promise<number> {
  const { output, signal } = context;
  if (flags.output === '-' && flags.format === 'json') {
    throw new UsageError('--output - and --format json both want standard output', { hint: 'leave one of them out' });
  }
  await using place = await openPlace(reference, flags, context);
  const { source, descriptor, name } = place;
  const artifact = flags.manifest === true ? undefined : await readArtifact(source, descriptor, { signal });
  const content = artifact?.files.filter(({ mediaType }) => mediaType !== emptyType) ?? [descriptor];
  const { files, warnings } = artifact === undefined ? nameManifest(descriptor) : nameFiles(content);
  assertRoom(files, flags.maxSize);
  if (flags.output === '-') await toStandardOutput(files, source, context);
  else {
    const paths = await writeFiles(flags.output, sourcesOf(files, source, signal), settings(files, flags, context));
    if (flags.format === 'json') await output.json(asJson(name, descriptor, artifact, files, paths, warnings));
    else await output.result(describe(name, artifact, files, paths));
  }
  for (const warning of warnings) output.warn(warning);
  return exitCodes.fine;
}

/** What a manifest says of sizes is a registry's word: a disk is not filled on that. */
function assertRoom(files: readonly NamedFile[], maxSize: number): void {
  const size = sizeOf(files);
  if (size <= maxSize) return;
  throw new OutputFailure(`the files are ${formatSize(size)} by their manifest, more than ${formatSize(maxSize)}`, {
    hint: 'if so much is right, allow it with --max-size',
  });
}

function sizeOf(files: readonly NamedFile[]): number {
  return files.reduce((sum, { descriptor }) => sum + descriptor.size, 0);
}

function nameManifest(descriptor: Descriptor): ReturnType<typeof nameFiles> {
  return { files: [{ name: `${nameOfDigest(descriptor.digest)}.json`, descriptor }], warnings: [] };
}

function sourcesOf(files: readonly NamedFile[], source: ContentSource, signal: AbortSignal): readonly FileSource[] {
  return files.map(({ name, descriptor }) => ({ name, open: () => source.fetch(descriptor, { signal }) }));
}

function settings(
  files: readonly NamedFile[],
  { force = false }: Pick<PullFlags, 'force'>,
  { output, signal }: CommandContext,
): WriteFilesOptions {
  const totalBytes = sizeOf(files);
  let doneBytes = 0;
  const onBytes = (bytes: number): void => {
    doneBytes += bytes;
    output.progress({ label: 'pulling', doneBytes, totalBytes });
  };
  return { isForced: force, signal, onBytes };
}

/** Whoever reads from the pipe gets nothing before all of it was verified. */
async function toStandardOutput(
  files: readonly NamedFile[],
  source: ContentSource,
  context: CommandContext,
): Promise<void> {
  const [file, ...more] = files;
  if (file === undefined || more.length > 0) {
    const names = files.map(({ name }) => name).join(', ');
    throw new UsageError(`--output - is for one file, and this has ${files.length === 0 ? 'none' : names}`, {
      hint: files.length === 0 ? '--manifest gives the manifest' : 'give a directory: --output DIR',
    });
  }
  const directory = await mkdtemp(join(tmpdir(), 'oci-referrers-pull-'));
  try {
    const sources = sourcesOf([{ ...file, name: 'content' }], source, context.signal);
    const [path = ''] = await writeFiles(directory, sources, settings([file], {}, context));
    await context.output.bytes(createReadStream(path));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function describe(
  name: string,
  artifact: ArtifactContent | undefined,
  files: readonly NamedFile[],
  paths: readonly string[],
): readonly string[] {
  const what = artifact === undefined ? 'manifest' : escapeText(artifact.artifactType ?? '(no type)');
  const subject = artifact?.subject === undefined ? [] : [`  about  ${artifact.subject.digest}`];
  return [
    `pulled ${escapeText(name)}`,
    `  is     ${what}, ${countOf(files.length, 'file')}`,
    ...subject,
    ...files.map(({ descriptor }, index) => `  wrote  ${paths[index] ?? ''}  ${formatSize(descriptor.size)}`),
    ...(files.length === 0 ? ['  what it says is in its annotations: --manifest gives them'] : []),
  ];
}

function asJson(
  reference: string,
  descriptor: Descriptor,
  artifact: ArtifactContent | undefined,
  files: readonly NamedFile[],
  paths: readonly string[],
  warnings: readonly string[],
): unknown {
  const { mediaType, digest, size } = descriptor;
  const said = artifact === undefined ? {} : { artifactType: artifact.artifactType, subject: artifact.subject };
  const written = files.map((file, index) => ({
    path: paths[index],
    title: titleOf(file.descriptor),
    mediaType: file.descriptor.mediaType,
    digest: file.descriptor.digest,
    size: file.descriptor.size,
  }));
  const annotations = artifact?.annotations;
  return { name: reference, digest, mediaType, size, ...said, annotations, files: written, warnings };
}
