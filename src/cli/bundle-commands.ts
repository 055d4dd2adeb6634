import { type Command, Option } from 'commander';
import type { DiffFlags } from './commands/bundle-diff.js';
import type { ExportFlags } from './commands/bundle-export.js';
import type { ImportFlags } from './commands/bundle-import.js';
import type { InspectFlags } from './commands/bundle-inspect.js';
import type { SignFlags } from './commands/bundle-sign.js';
import type { ValidateFlags } from './commands/bundle-validate.js';
import { categoryFlag, formatFlag, platformFlag, repeatedFlag, requireFlag } from './common-flags.js';
import { addConnectionFlags } from './connection-flags.js';
import { collect, parseMapping, parseSize, parseText, parseTime } from './flag-parsers.js';
import { declareHelp } from './help-command.js';
import type { Dispatch } from './program.js';
import { addSignatureFlags, addSignKeyFlag, passphraseVariable } from './signature-flags.js';

/** Declares the commands that write and read bundles. */
export function declareBundleCommands(program: Command, dispatch: Dispatch): void {
  const bundle = program
    .command('bundle')
    .summary('carry images and their referrers in one file')
    .description('Writes, shows, checks and imports bundles: images with everything that refers to them, in one file.');
  declareExport(bundle, dispatch);
  declareInspect(bundle, dispatch);
  declareDiff(bundle, dispatch);
  declareSign(bundle, dispatch);
  declareValidate(bundle, dispatch);
  declareImport(bundle, dispatch);
  declareHelp(bundle, 'oci-referrers bundle');
}

function declareExport(bundle: Command, dispatch: Dispatch): void {
  const command = bundle
    .command('export')
    .summary('write images and their referrers into one file')
    .description(
      'Writes images, and everything that refers to them, into one file. The same content gives the same bytes.',
    )
    .argument('<reference...>', 'images')
    .requiredOption('--output <file>', 'file to write, .tgz, .tar.gz or .tar');
  addExportFlags(command);
  addSignKeyFlag(command);
  addConnectionFlags(command)
    .addHelpText(
      'after',
      `
Examples:
  oci-referrers bundle export registry.example.com/team/app:1.2 --output app.tgz
  oci-referrers bundle export HOST/app:1 HOST/db:1 --output all.tgz --dry-run \\
    --platform linux/amd64 --require application/vnd.cyclonedx+json
  oci-referrers bundle export HOST/app:2 --output app2.tgz --base app1.tgz
  oci-referrers bundle export HOST/app:1 --output app.tgz --split 4GiB \\
    --resume ./work

Parts are read by their list: validate --file app.tgz.parts.json. Put together
(cat app.tgz.part[0-9]*) they are the file that would have been written.`,
    )
    .action(async (references: readonly string[], flags: ExportFlags, self: Command) => {
      const { runExport } = await import('./commands/bundle-export.js');
      await dispatch((context) => runExport(references, flags, context), self.optsWithGlobals());
    });
}

function addExportFlags(command: Command): void {
  command
    .addOption(repeatedFlag('--artifact-type <type>', 'only referrers of this type'))
    .addOption(repeatedFlag('--exclude <type>', 'no referrers of this type'))
    .addOption(categoryFlag('--category <category>', 'only referrers of this category'))
    .addOption(categoryFlag('--exclude-category <category>', 'no referrers of this category'))
    .addOption(requireFlag('fail unless every image has such a referrer; recorded in the bundle'))
    .addOption(platformFlag('only this platform of an index, os/arch[/variant]'))
    .addOption(
      new Option(
        '--compression <how>',
        'store frames as gzip, none is a plain tar, deflate compresses what is not yet (default: by the file name)',
      ).choices(['store', 'none', 'deflate']),
    )
    .addOption(
      new Option('--layout-referrers <mode>', 'how other OCI tools find the referrers in the file')
        .choices(['both', 'untagged', 'tag-schema', 'none'])
        .default('both'),
    )
    .option('--legacy-tags', "also carry cosign's older sha256-….sig, .att and .sbom tags")
    .option('--base <file>', 'earlier bundle; blobs it has are left out, and it must be imported first')
    .option('--resume <dir>', 'keep fetched blobs there; a run after one that broke off fetches only what is missing')
    .addOption(
      new Option(
        '--split <size>',
        'write parts of this size (4GiB, 650MB) and a list of them, FILE.parts.json',
      ).argParser(parseSize),
    )
    .option('--expires-at <time>', 'refused by readers from then on, such as 2027-01-31T00:00:00Z', parseTime)
    .addOption(
      new Option(
        '--config <file>',
        'YAML: timeout_seconds and max_concurrent_discoveries below export.referrer_discovery; flags win',
      ).argParser(parseText),
    )
    .option('--force', 'replace an existing file')
    .option('--dry-run', 'discover and plan, write nothing')
    .addOption(formatFlag('how the result is written', 'text', 'json'));
}

function declareInspect(bundle: Command, dispatch: Dispatch): void {
  const command = bundle
    .command('inspect')
    .summary('show what a bundle says is in it')
    .description(
      'Shows what a bundle says is in it. It checks nothing else: that is what validate is for. Only --format html ' +
        'validates, and writes what was found on the page. Exit 2: not valid.',
    )
    .requiredOption('--file <file>', 'bundle')
    .addOption(
      formatFlag('html is a page to look at, mermaid a diagram to paste into one', 'tree', 'json', 'html', 'mermaid'),
    );
  addSignatureFlags(command)
    .addHelpText(
      'after',
      `
The flags about keys and signatures are for --format html alone. The page is
written in either case: with exit 2 it says why the bundle is not valid.

Examples:
  oci-referrers bundle inspect --file app.tgz
  oci-referrers bundle inspect --file app.tgz --format html \\
    --key exporter.pub > app.html`,
    )
    .action(async (flags: InspectFlags, self: Command) => {
      const { runInspect } = await import('./commands/bundle-inspect.js');
      await dispatch((context) => runInspect(flags, context), self.optsWithGlobals());
    });
}

function declareDiff(bundle: Command, dispatch: Dispatch): void {
  bundle
    .command('diff')
    .summary('show how two bundles differ')
    .description(
      'Compares what two bundles say is in them: images, platforms, referrers, content. It checks nothing else.',
    )
    .argument('<before>', 'bundle')
    .argument('<after>', 'the bundle it is compared with')
    .option('--exit-code', 'end with 1 where they differ; without this flag with 0')
    .addOption(formatFlag('how the result is written', 'text', 'json'))
    .addHelpText(
      'after',
      `
+ is in AFTER only, - in BEFORE only, ~ is not the same in both.

Examples:
  oci-referrers bundle diff monday.tgz friday.tgz
  oci-referrers bundle diff --exit-code --quiet a.tgz b.tgz`,
    )
    .action(async (before: string, after: string, flags: DiffFlags, self: Command) => {
      const { runDiff } = await import('./commands/bundle-diff.js');
      await dispatch((context) => runDiff([before, after], flags, context), self.optsWithGlobals());
    });
}

function declareSign(bundle: Command, dispatch: Dispatch): void {
  bundle
    .command('sign')
    .summary('sign a bundle that is there already')
    .description('Validates a bundle and writes a signature of it beside it, in the form of cosign. Exit 2: not valid.')
    .requiredOption('--file <file>', 'bundle')
    .requiredOption('--sign-key <file>', `private key, PKCS #8 PEM; ${passphraseVariable} opens one that is encrypted`)
    .option('--output <file>', 'signature to write (default: FILE.sigstore.json)')
    .option('--force', 'replace an existing file')
    .addOption(formatFlag('how the result is written', 'text', 'json'))
    .addHelpText(
      'after',
      `
Examples:
  openssl genpkey -algorithm ed25519 -out bundle-key.pem
  openssl pkey -in bundle-key.pem -pubout -out bundle-key.pub
  oci-referrers bundle sign --file app.tgz --sign-key bundle-key.pem
  oci-referrers bundle validate --file app.tgz --key bundle-key.pub`,
    )
    .action(async (flags: SignFlags, self: Command) => {
      const { runSign } = await import('./commands/bundle-sign.js');
      await dispatch((context) => runSign(flags, context), self.optsWithGlobals());
    });
}

function declareValidate(bundle: Command, dispatch: Dispatch): void {
  const command = bundle
    .command('validate')
    .summary('check every byte of a bundle')
    .description('Checks every byte of a bundle, without a network and without extracting anything. Exit 2: not valid.')
    .requiredOption('--file <file>', 'bundle')
    .option('--base <file>', 'earlier bundle this one builds on; checks that it has what is left out here')
    .option('--layout', 'the file is an OCI image layout that another tool packed, not a bundle')
    .option('--check-referrers', 'report each subject; unconfirmed discovery becomes an error')
    .option('--strict', 'every warning is an error')
    .addOption(requireFlag('an image without such a referrer is an error'));
  addSignatureFlags(command)
    .addOption(formatFlag('how the result is written', 'text', 'json'))
    .addHelpText(
      'after',
      `
Referrers are always checked. Without --key this is integrity, not authenticity:
whoever rewrites all of an unsigned bundle consistently is not found out.

Examples:
  oci-referrers bundle validate --file app.tgz --check-referrers
  oci-referrers bundle validate --file app.tgz --key exporter.pub
  oci-referrers bundle validate --file app.tgz --strict \\
    --require application/vnd.cyclonedx+json:1`,
    )
    .action(async (flags: ValidateFlags, self: Command) => {
      const { runValidate } = await import('./commands/bundle-validate.js');
      await dispatch((context) => runValidate(flags, context), self.optsWithGlobals());
    });
}

function declareImport(bundle: Command, dispatch: Dispatch): void {
  const command = bundle
    .command('import')
    .summary('push a bundle to a registry or layout')
    .description(
      'Validates a bundle, pushes it to a registry or an image layout, and looks whether the referrers are listed there.',
    )
    .requiredOption('--file <file>', 'bundle')
    .option(
      '--to <target>',
      'REGISTRY or REGISTRY/PREFIX, repositories keep their names below it; or oci:DIR (default: OCI__RegistryUrl)',
    )
    .addOption(
      new Option('--map <from=to>', 'one repository of the bundle that goes elsewhere; may be repeated').argParser(
        collect(parseMapping),
      ),
    )
    .option('--base <file>', 'earlier bundle this one builds on; checks that it has what is left out here')
    .option('--strict-referrer-validation', 'refuse on warnings too, before the first byte is pushed')
    .option('--no-overwrite', 'refuse to move a tag that points elsewhere already')
    .option('--dry-run', 'validate and show the targets, push nothing')
    .addOption(formatFlag('how the result is written', 'text', 'json'));
  addSignatureFlags(command);
  addConnectionFlags(command)
    .addHelpText(
      'after',
      `
Running it again after a failure pushes only what is missing.
Without --to and --map it goes to OCI__RegistryUrl, with OCI__Username and
OCI__Password or OCI__Token unless --username is given.

Examples:
  oci-referrers bundle import --file app.tgz --to mirror.example.net/prod
  oci-referrers bundle import --file app.tgz \\
    --map registry.example.com/team/app=localhost:5000/app
  oci-referrers bundle import --file app.tgz --to oci:mirror --key exporter.pub
  oci-referrers bundle import --file app2.tgz --base app1.tgz \\
    --to mirror.example.net --strict-referrer-validation`,
    )
    .action(async (flags: ImportFlags, self: Command) => {
      const { runImport } = await import('./commands/bundle-import.js');
      await dispatch((context) => runImport(flags, context), self.optsWithGlobals());
    });
}
