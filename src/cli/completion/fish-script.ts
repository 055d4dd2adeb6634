import { type CommandRow, type FlagRow, quote } from './command-table.js';

/** Writes the completion for fish. */
export function fishScript(rows: readonly CommandRow[]): string {
  const summaries = new Map(rows.map(({ path, summary }) => [path, summary]));
  const paths = rows.filter(({ path }) => path !== '').map(({ path }) => quote(path));
  const valued = new Set(
    rows.flatMap(({ flags }) => flags.filter(({ value }) => value !== 'none')).map(({ name }) => name),
  );
  const lines = rows.flatMap((row) => {
    const at = `complete -c oci-referrers -n ${quote(`__oci_referrers_at "${row.path}"`)}`;
    const commands = row.commands.map((name) => {
      const summary = summaries.get(`${row.path} ${name}`.trimStart()) ?? '';
      return `${at} -f -a ${quote(name)} -d ${quote(summary)}`;
    });
    const flags = row.flags.map(
      (flag) => `${at} -l ${flag.name.slice(2)}${completionOf(flag)} -d ${quote(flag.summary)}`,
    );
    return [...commands, ...flags];
  });
  return `# Completion of oci-referrers for fish, made by: oci-referrers completion fish
function __oci_referrers_at
    set -l at ''
    set -l skip no
    for word in (commandline -opc)[2..-1]
        if test $skip = yes
            set skip no
            continue
        end
        switch $word
            case ${[...valued].map(quote).join(' ')}
                set skip yes
            case '-*'
            case '*'
                set -l below (string trim -- "$at $word")
                if contains -- $below ${paths.join(' ')}
                    set at $below
                end
        end
    end
    test "$at" = "$argv[1]"
end
${lines.join('\n')}
`;
}

function completionOf({ value }: FlagRow): string {
  if (value === 'none') return '';
  if (value === 'file') return ' -r -F';
  if (value === 'directory') return " -x -a '(__fish_complete_directories)'";
  return value === 'other' ? ' -x' : ` -x -a ${quote(value.join(' '))}`;
}
