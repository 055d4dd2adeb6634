import type { Command, Option } from 'commander';

/** What may follow a flag: nothing, a file, a directory, one of a few words, or something only the user knows. */
export type FlagValue = 'none' | 'file' | 'directory' | 'other' | readonly string[];

/** A flag, as a shell completes it. */
export interface FlagRow {
  readonly name: string;
  readonly summary: string;
  readonly value: FlagValue;
}

/** A command, as a shell completes it. */
export interface CommandRow {
  /** The words that lead to it, without the program's own name: `bundle export`. */
  readonly path: string;
  readonly summary: string;
  /** Names of the commands below it, or words that its argument may be. */
  readonly commands: readonly string[];
  readonly flags: readonly FlagRow[];
}

/** Lists every command of the program, each with its flags and the global ones. */
export function commandTable(program: Command): readonly CommandRow[] {
  const shared = [...program.options.filter(({ long }) => long !== '--version').map(rowOf), helpRow];
  return rowsOf(program, '', shared);
}

const helpRow: FlagRow = { name: '--help', summary: 'show help', value: 'none' };

function rowsOf(command: Command, path: string, shared: readonly FlagRow[]): readonly CommandRow[] {
  const own = command.parent === null ? [] : command.options.map(rowOf);
  const row = {
    path,
    summary: command.summary(),
    commands: [
      ...command.commands.map((child) => child.name()),
      ...command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
    ],
    flags: [...own, ...shared],
  };
  const below = command.commands.flatMap((child) => rowsOf(child, `${path} ${child.name()}`.trimStart(), shared));
  return [row, ...below];
}

function rowOf(option: Option): FlagRow {
  const [summary = ''] = option.description.split(/[;:(]/, 1);
  return { name: option.long ?? '', summary: summary.trim(), value: flagValueOf(option) };
}

function flagValueOf({ flags, argChoices }: Option): FlagValue {
  if (argChoices !== undefined) return argChoices;
  const placeholder = /[<[]([^>\]]+)[>\]]$/.exec(flags)?.[1];
  if (placeholder === undefined) return 'none';
  if (placeholder === 'file') return 'file';
  return placeholder === 'dir' ? 'directory' : 'other';
}

/** Puts a text between single quotes, as every shell reads them. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Every command below the program's own, as a pattern of a case in bash and zsh. */
export function commandPattern(rows: readonly CommandRow[]): string {
  return rows
    .filter(({ path }) => path !== '')
    .map(({ path }) => quote(path))
    .join('|');
}
