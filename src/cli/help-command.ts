import type { Command } from 'commander';
import { suggestCommand } from './explain-fault.js';
import { UsageError } from './usage-error.js';

/** Adds `help [command...]`, which shows what `--help` after the same words shows. */
export function declareHelp(above: Command, path: string): void {
  above.helpCommand(false);
  above
    .command('help')
    .summary('show help for a command')
    .description('Shows help for a command.')
    .argument('[command...]', 'command, such as bundle export')
    .action((words: readonly string[]) => {
      find(above, path, words).outputHelp();
    });
}

function find(above: Command, path: string, [word, ...rest]: readonly string[]): Command {
  if (word === undefined) return above;
  const child = above.commands.find((command) => command.name() === word);
  if (child === undefined) {
    throw new UsageError(`unknown command '${word}'`, { hint: suggestCommand([word], { command: above, path }) });
  }
  return find(child, `${path} ${word}`, rest);
}
