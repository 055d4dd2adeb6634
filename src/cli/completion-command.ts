import { Argument, type Command } from 'commander';

/** Writes what a command's own texts go to: results, and nothing else. */
type WriteOut = (text: string) => void;

const shells = ['bash', 'zsh', 'fish'] as const;

/** Adds `completion SHELL`, which writes a script made from the commands that are declared. */
export function declareCompletion(program: Command, writeOut: WriteOut): void {
  program
    .command('completion')
    .summary('write a completion script for a shell')
    .description('Writes a script with which a shell completes commands, flags, their values and file names.')
    .addArgument(new Argument('<shell>', 'shell').choices(shells))
    .addHelpText(
      'after',
      `
bash, in ~/.bashrc:
  source <(oci-referrers completion bash)
zsh, in ~/.zshrc after compinit:
  source <(oci-referrers completion zsh)
fish, once:
  oci-referrers completion fish > ~/.config/fish/completions/oci-referrers.fish`,
    )
    .action(async (shell: (typeof shells)[number]) => {
      const { commandTable } = await import('./completion/command-table.js');
      const rows = commandTable(program);
      if (shell === 'bash') writeOut((await import('./completion/bash-script.js')).bashScript(rows));
      else if (shell === 'zsh') writeOut((await import('./completion/zsh-script.js')).zshScript(rows));
      else writeOut((await import('./completion/fish-script.js')).fishScript(rows));
    });
}
