import { readFileSync } from 'node:fs';
import { Command, type CommanderError, Option } from 'commander';
import { declareBundleCommands } from './bundle-commands.js';
import type { CommandRun } from './command-context.js';
import { exitCodeHelp } from './exit-codes.js';
import { declareHelp } from './help-command.js';
import { declareImageCommands } from './image-commands.js';
import type { OutputFlags } from './output.js';
import { UsageError } from './usage-error.js';

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
  declareHelp(program, 'oci-referrers');
  explainFaults(program, 'oci-referrers');
  return program;
}

/** Turns what commander throws into an error that says what to type instead. */
function explainFaults(command: Command, path: string): void {
  command.exitOverride((fault) => {
    if (fault.exitCode === 0) throw fault;
    throw explain(fault, command, path);
  });
  for (const child of command.commands) explainFaults(child, `${path} ${child.name()}`);
}

function explain(fault: CommanderError, command: Command, path: string): UsageError {
  const help = `${path} --help`;
  if (fault.code === 'commander.help') {
    const names = command.commands.map((child) => child.name()).join(', ');
    return new UsageError(`${path} needs a command: ${names}`, { hint: help, cause: fault });
  }
  const stray = command.args[0];
  if (
    fault.code === 'commander.missingMandatoryOptionValue' &&
    fault.message.includes("'--file ") &&
    stray !== undefined
  ) {
    return new UsageError(`${path} takes its bundle by name`, { hint: `${path} --file ${stray}`, cause: fault });
  }
  const [message = '', ...rest] = fault.message.replace(/^error: /, '').split('\n');
  const suggestion = /^\(Did you mean (.+)\?\)$/.exec(rest.join(' '))?.[1] ?? nestedCommand(fault, command);
  const hint = suggestion === undefined ? help : `did you mean ${suggestion}? See ${help}`;
  return new UsageError(message, { hint, cause: fault });
}

/** Finds a command one level down, for those who left out the word before it. */
function nestedCommand(fault: CommanderError, command: Command): string | undefined {
  if (fault.code !== 'commander.unknownCommand') return undefined;
  const name = command.args[0];
  const parent = command.commands.find((child) => child.commands.some((nested) => nested.name() === name));
  return parent === undefined ? undefined : `${parent.name()} ${name ?? ''}`;
}

function readVersion(): string {
  // The same two steps up from src/cli and from dist/cli.
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
