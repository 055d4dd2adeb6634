import { type Command, Option } from 'commander';
import type { AttachFlags } from './commands/attach.js';
import type { CopyFlags } from './commands/copy.js';
import type { DiscoverFlags } from './commands/discover.js';
import type { ProbeFlags } from './commands/probe.js';
import type { PullFlags } from './commands/pull.js';
import { formatFlag, platformFlag, repeatedFlag, requireFlag } from './common-flags.js';
import { addConnectionFlags } from './connection-flags.js';
import { collect, parsePair, parseSize, parseText } from './flag-parsers.js';
import type { Dispatch } from './program.js';

/** Declares the commands that work on an image in a registry. */
export function declareImageCommands(program: Command, dispatch: Dispatch): void {
  declareDiscover(program, dispatch);
  declareProbe(program, dispatch);
  declareCopy(program, dispatch);
  declareAttach(program, dispatch);
  declarePull(program, dispatch);
}

function declareDiscover(program: Command, dispatch: Dispatch): void {
  const discover = program
    .command('discover')
    .summary('show what refers to an image')
    .description(
      'Shows what refers to an image. An empty answer is a confirmed fact; every doubt is an error (exit 3).',
    )
    .argument('<reference>', 'registry.example.com/team/app:1.2, oci:DIR[:NAME], or a bundle, FILE[@DIGEST]')
    .addOption(repeatedFlag('--artifact-type <type>', 'only this type'))
    .option('--recursive', 'follow platforms, nested indexes and referrers of referrers')
    .addOption(platformFlag('only this platform of an index, os/arch[/variant]; implies --recursive'))
    .option('--legacy-tags', "also find cosign's older sha256-….sig, .att and .sbom tags")
    .addOption(
      formatFlag(
        'tree is short, table and json have every digest in full; html is a page, mermaid a diagram to paste into one',
        'tree',
        'table',
        'json',
        'html',
        'mermaid',
      ),
    );
  addConnectionFlags(discover)
    .addHelpText(
      'after',
      `
Types are taken from each referrer's own manifest; sizes are those of manifests.

Examples:
  oci-referrers discover registry.example.com/team/app:1.2
  oci-referrers discover localhost:5000/app:1.2 --recursive --format json
  oci-referrers discover oci:mirror:1.2 --recursive
  oci-referrers discover HOST/app:1.2 --recursive --format html > app.html
  oci-referrers discover app.tgz
  oci-referrers discover ghcr.io/org/app:1 \\
    --artifact-type application/vnd.cyclonedx+json`,
    )
    .action(async (reference: string, flags: DiscoverFlags, command: Command) => {
      const { runDiscover } = await import('./commands/discover.js');
      await dispatch((context) => runDiscover(reference, flags, context), command.optsWithGlobals());
    });
}

function declareProbe(program: Command, dispatch: Dispatch): void {
  const probe = program
    .command('probe')
    .summary('show what a registry can do')
    .description(
      'Finds out what registries can do by asking them: version, referrers API and, where told to write, chunked ' +
        'upload, mount and delete. Each is judged by what the registry does, not by what it claims.',
    )
    .argument('<registry/repo...>', 'registry.example.com/team/app[:TAG|@DIGEST], an image that is there')
    .option('--write-probes', 'also push content of its own, mount and delete it, and remove it again')
    .addOption(formatFlag('table is for people, json an array with an entry for each', 'table', 'json'));
  addConnectionFlags(probe)
    .addHelpText(
      'after',
      `
Without a tag the image is :latest: a registry is asked for the referrers of an
image it has, since some answer for others as if they had no referrers API.
A mount goes into REPO-oci-probe, which may stay behind empty. What cannot be
removed again is named in a warning. Exit 3: a fault left something open; the
other registries are shown all the same.

Examples:
  oci-referrers probe registry.example.com/team/app:1.2
  oci-referrers probe localhost:5000/app ghcr.io/org/app:1 --format json
  oci-referrers probe registry.example.com/team/scratch:1 --write-probes`,
    )
    .action(async (references: readonly string[], flags: ProbeFlags, command: Command) => {
      const { runProbe } = await import('./commands/probe.js');
      await dispatch((context) => runProbe(references, flags, context), command.optsWithGlobals());
    });
}

function declareCopy(program: Command, dispatch: Dispatch): void {
  const copy = program
    .command('copy')
    .summary('copy an image with everything that refers to it')
    .description('Copies an image, and everything that refers to it, between registries and image layout directories.')
    .argument('<source>', 'registry.example.com/team/app:1.2, or oci:DIR[:NAME]')
    .argument('<target>', 'the same; a layout that is not there is made')
    .addOption(repeatedFlag('--artifact-type <type>', 'only referrers of this type'))
    .addOption(repeatedFlag('--exclude <type>', 'no referrers of this type'))
    .addOption(requireFlag('fail unless the image has such a referrer'))
    .addOption(platformFlag('only this platform of an index, os/arch[/variant]; the index stays as it is'))
    .option('--legacy-tags', "also copy cosign's older sha256-….sig, .att and .sbom tags")
    .option('--no-overwrite', 'refuse to move a tag that points elsewhere already')
    .option('--dry-run', 'discover and look at the target, push nothing')
    .addOption(formatFlag('how the result is written', 'text', 'json'));
  addConnectionFlags(copy)
    .addHelpText(
      'after',
      `
Digests never change. Running it again after a failure copies what is missing.
A layout is written oci:DIR, oci:DIR:NAME or oci:DIR@DIGEST, as skopeo has it;
ocidir://DIR:TAG, as regctl has it, is understood too.

Examples:
  oci-referrers copy registry.example.com/team/app:1.2 oci:mirror
  oci-referrers copy oci:mirror:1.2 localhost:5000/team/app:1.2
  oci-referrers copy HOST/dev/app:1.2 HOST/prod/app:1.2 --no-overwrite`,
    )
    .action(async (source: string, target: string, flags: CopyFlags, command: Command) => {
      const { runCopy } = await import('./commands/copy.js');
      await dispatch((context) => runCopy(source, target, flags, context), command.optsWithGlobals());
    });
}

function declareAttach(program: Command, dispatch: Dispatch): void {
  const attach = program
    .command('attach')
    .summary('make files a referrer of an image')
    .description('Pushes files as one artifact that refers to an image.')
    .argument('<reference>', 'image the artifact is about')
    .argument('<file:type...>', 'files, each with its media type')
    .requiredOption('--artifact-type <type>', 'what the artifact is, such as application/spdx+json', parseText)
    .addOption(new Option('--annotation <key=value>', 'annotation; may be repeated').argParser(collect(parsePair)))
    .addOption(formatFlag('how the result is written', 'text', 'json'));
  addConnectionFlags(attach)
    .addHelpText(
      'after',
      `
The same files attached twice make one referrer. Its digest is the result.

Example:
  oci-referrers attach registry.example.com/team/app:1.2 \\
    app.cdx.json:application/vnd.cyclonedx+json \\
    --artifact-type application/vnd.cyclonedx+json`,
    )
    .action(async (reference: string, files: readonly string[], flags: AttachFlags, command: Command) => {
      const { runAttach } = await import('./commands/attach.js');
      await dispatch((context) => runAttach(reference, files, flags, context), command.optsWithGlobals());
    });
}

function declarePull(program: Command, dispatch: Dispatch): void {
  const pull = program
    .command('pull')
    .summary('write the files of one referrer')
    .description('Writes the files of one referrer, such as an SBOM, into a directory. Every byte is verified first.')
    .argument('<reference>', 'HOST/REPOSITORY@DIGEST or :TAG, oci:DIR@DIGEST, or BUNDLE@DIGEST')
    .addOption(
      new Option('--output <dir>', 'directory, made if need be; - writes a single file to standard output')
        .argParser(parseText)
        .default('.', 'here'),
    )
    .option('--manifest', 'the manifest itself, in place of the files it names')
    .addOption(
      new Option('--max-size <size>', 'most that all files may be together, such as 650MB')
        .argParser(parseSize)
        .default(64 * 1024 ** 3, '64GiB'),
    )
    .option('--force', 'replace existing files')
    .addOption(formatFlag('how the result is written', 'text', 'json'));
  addConnectionFlags(pull)
    .addHelpText(
      'after',
      `
A file gets the title it was attached with where that is a plain name, else the
digest. No file appears before all of them were verified.

Examples:
  oci-referrers discover registry.example.com/team/app:1.2 --format table
  oci-referrers pull registry.example.com/team/app@sha256:… --output sboms
  oci-referrers pull app.tgz@sha256:… --output - | jq .components
  oci-referrers pull registry.example.com/team/app@sha256:… --manifest \\
    --output - | jq .subject.digest`,
    )
    .action(async (reference: string, flags: PullFlags, command: Command) => {
      const { runPull } = await import('./commands/pull.js');
      await dispatch((context) => runPull(reference, flags, context), command.optsWithGlobals());
    });
}
