import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { declareBundleCommands } from './bundle-commands.js';
import type { CommandRun } from './command-context.js';
import { declareCompletion } from './completion-command.js';
import { declareDoctorCommands } from './doctor-commands.js';
import { exitCodeHelp } from './exit-codes.js';
import { explainFaults } from './explain-fault.js';
import { declareHelp } from './help-command.js';
import { declareImageCommands } from './image-commands.js';
import type { OutputFlags } from './output.js';

/** Where the program's own texts go: help that was asked for, and help because something is missing. */
export interface ProgramOutput {
  readonly writeOut: (text: string) => void;
  readonly writeErr: (text: string) => void;
  /** Width of the terminal that help is written to. */
  readonly columns: number | undefined;
}

/** Runs what a command's flags were made into. */
export type Dispatch = (run: CommandRun, flags: OutputFlags) => Promise<void>;

const introduction =
  'Finds what refers to an image (SBOMs, signatures, attestations, VEX), and carries image and referrers across an ' +
  'air gap in one file.';

const examples = `
Examples:
  oci-referrers discover registry.example.com/team/app:1.2 --recursive
  oci-referrers bundle export registry.example.com/team/app:1.2 --output app.tgz
  oci-referrers bundle validate --file app.tgz --check-referrers
  oci-referrers bundle import --file app.tgz --to mirror.example.net`;

const environment = `
Environment:
  HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY   proxies, as curl has them
  REGISTRY_AUTH_FILE, DOCKER_CONFIG              where credentials are read from
  SOURCE_DATE_EPOCH                              time of bundles, Unix seconds
  OCI_REFERRERS_KEY_PASSPHRASE                   opens an encrypted --sign-key`;

/** Declares every command; nothing of the library is loaded before one of them runs. */
export function createProgram(dispatch: Dispatch, { writeOut, writeErr, columns }: ProgramOutput): Command {
  const program = new Command('oci-referrers')
    .description(introduction)
    .version(readVersion(), '--version', 'show the version')
    .helpOption('-h, --help', 'show help')
    .addOption(new Option('--quiet', 'errors and results only').conflicts('verbose'))
    .option('--verbose', 'say what is being done, and show stack traces')
    // A name alone leaves room for what it does; its arguments are in its own help.
    .configureHelp({ showGlobalOptions: true, subcommandTerm: (command) => command.name() })
    .configureOutput({
      writeOut,
      writeErr,
      // Errors are shown by the one place that shows them all.
      outputError: () => undefined,
      getOutHelpWidth: () => columns ?? 80,
      getErrHelpWidth: () => columns ?? 80,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .addHelpText('after', `${exitCodeHelp}\n${environment}\n${examples}`);
  declareImageCommands(program, dispatch);
  declareBundleCommands(program, dispatch);
  declareDoctorCommands(program, dispatch);
  declareCompletion(program, writeOut);
  declareHelp(program, 'oci-referrers');
  explainFaults(program, 'oci-referrers');
  return program;
}

function readVersion(): string {
  // The same two steps up from src/cli and from dist/cli.
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
