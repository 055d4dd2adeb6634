import type { Command, CommanderError } from 'commander';
import { nearest } from './nearest.js';
import { otherCommands, otherFlags } from './other-words.js';
import { UsageError } from './usage-error.js';

/** As `parseImage` has it, which needs the library: help must not wait for that. */
const bundleName = /\.(?:tgz|tar|tar\.gz|parts\.json)$/i;

/** Turns what commander throws, for a command and those below it, into an error that says what to type instead. */
export function explainFaults(command: Command, path: string): void {
  command.exitOverride((fault) => {
    if (fault.exitCode === 0) throw fault;
    throw explain(fault, { command, path });
  });
  for (const child of command.commands) explainFaults(child, `${path} ${child.name()}`);
}

/** A command, and the words that lead to it. */
export interface Place {
  readonly command: Command;
  readonly path: string;
}

function explain(fault: CommanderError, place: Place): UsageError {
  const { command, path } = place;
  const [message = ''] = fault.message.replace(/^error: /, '').split('\n');
  const fail = (text: string, hint: string): UsageError => new UsageError(text, { hint, cause: fault });
  // What is missing is looked for before what is unknown, and is often the same thing misspelt.
  const stray = unknownFlag(place);
  const isExplained = fault.code === 'commander.invalidArgument' || fault.code === 'commander.unknownCommand';
  if (stray !== undefined && !isExplained) {
    return fail(`unknown option '${stray}'`, suggestFlag(stray, place));
  }
  if (fault.code === 'commander.help') {
    const names = command.commands.map((child) => child.name()).join(', ');
    return fail(`${path} needs a command: ${names}`, `${path} --help`);
  }
  if (fault.code === 'commander.unknownCommand') return fail(message, suggestCommand(command.args, place));
  const word = command.args[0];
  if (/^commander\.missing(?:MandatoryOptionValue|Argument)$/.test(fault.code)) {
    const isFile = fault.message.includes("'--file ") && word !== undefined;
    return isFile
      ? fail(`${path} takes its bundle by name`, `${path} --file ${word}`)
      : fail(message, `write ${path} ${usageOf(command)}; see ${path} --help`);
  }
  return fail(message, `${path} --help`);
}

/** The first word that looks like a flag and is none of the command's. */
function unknownFlag({ command }: Place): string | undefined {
  const end = command.args.indexOf('--');
  const flags = (end < 0 ? command.args : command.args.slice(0, end)).filter((word) => /^--?[A-Za-z]/.test(word));
  const known = new Set(namesOf(command));
  return flags.map(nameOf).find((name) => !known.has(name));
}

function nameOf(word: string): string {
  return word.split('=', 1)[0] ?? word;
}

function namesOf(command: Command): readonly string[] {
  const above = command.parent === null ? [] : namesOf(command.parent);
  const help = command.parent === null ? ['--version'] : [];
  return [
    ...command.options.flatMap(({ long, short }) => [long ?? '', short ?? '']),
    '--help',
    '-h',
    ...help,
    ...above,
  ];
}

function suggestFlag(flag: string, place: Place): string {
  const { command, path } = place;
  const help = `see ${path} --help`;
  const known = namesOf(command).filter((name) => name.startsWith('--'));
  const other = otherFlags.get(flag);
  const near =
    other !== undefined && known.includes(nameOf(other.split(' ', 1)[0] ?? '')) ? other : nearest(flag, known);
  if (near !== undefined) return `did you mean ${near}? See ${path} --help`;
  const below = ownersOf(flag, command, '').filter((owner) => owner !== '');
  if (command.commands.length > 0 && below.length > 0) {
    const meant = below.find((owner) => command.args.includes(owner)) ?? below[0] ?? '';
    return `flags stand after the command: ${path} ${meant} … ${flag}; ${help}`;
  }
  const owners = ownersOf(flag, rootOf(command), '').filter((owner) => owner !== '');
  return owners.length === 0 ? help : `${flag} is a flag of ${owners.slice(0, 3).join(', ')}; ${help}`;
}

function rootOf(command: Command): Command {
  return command.parent === null ? command : rootOf(command.parent);
}

/** Names the commands that have a flag. */
function ownersOf(flag: string, command: Command, path: string): readonly string[] {
  const own = command.options.some(({ long }) => long === flag) ? [path] : [];
  return [...own, ...command.commands.flatMap((child) => ownersOf(flag, child, `${path} ${child.name()}`.trimStart()))];
}

/** Says what to type in place of a command that there is not. */
export function suggestCommand(words: readonly string[], place: Place): string {
  const { command, path } = place;
  const [word = ''] = words;
  const help = `${path} --help`;
  const found = meantCommand(word, command);
  if (found !== undefined) return `did you mean ${path} ${found}? See ${help}`;
  if (word === 'login') return 'docker login writes what is read here; or give --username and --password-stdin';
  if (bundleName.test(word)) return `to look into a bundle: oci-referrers bundle inspect --file ${word}`;
  if (/[/:@]/.test(word)) return `to see what refers to an image: oci-referrers discover ${word}`;
  return help;
}

/** Finds a command by its name one level down, by what others call it, or by one that is spelt alike. */
function meantCommand(word: string, command: Command): string | undefined {
  const below = command.commands.flatMap((child) =>
    child.commands.map((nested) => [nested.name(), child.name()] as const),
  );
  const names = command.commands.map((child) => child.name());
  const nested = new Map(below.filter(([name]) => name !== 'help'));
  const join = (name: string): string => `${nested.get(name) ?? ''} ${name}`;
  if (nested.has(word)) return join(word);
  const other = otherCommands.get(word);
  const here = command.parent === null ? other : other?.split(' ').at(-1);
  if (here !== undefined && (here.startsWith('--') || names.includes(here.split(' ', 1)[0] ?? ''))) return here;
  const near = nearest(word, names);
  if (near !== undefined) return near;
  const deep = nearest(word, nested.keys());
  return deep === undefined ? undefined : join(deep);
}

/** What has to stand after a command: its arguments and the flags it cannot do without. */
function usageOf(command: Command): string {
  const words = command.registeredArguments.map((argument) => {
    const name = `${argument.name().toUpperCase()}${argument.variadic ? '...' : ''}`;
    return argument.required ? name : `[${name}]`;
  });
  const flags = command.options.filter(({ mandatory }) => mandatory);
  return [
    ...words,
    ...flags.map(({ flags: text }) => text.replaceAll(/<([^>]+)>/g, (_, name: string) => name.toUpperCase())),
  ].join(' ');
}
