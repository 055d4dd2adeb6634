import { type CommandRow, commandPattern, type FlagRow, quote } from './command-table.js';

/** Writes the completion for zsh: as a function that is autoloaded from a file, and for `source`. */
export function zshScript(rows: readonly CommandRow[]): string {
  const summaries = new Map(rows.map(({ path, summary }) => [path, summary]));
  const below = ({ path, commands }: CommandRow): string =>
    commands.map((name) => pair(name, summaries.get(`${path} ${name}`.trimStart()) ?? '')).join(' ');
  return `#compdef oci-referrers
# Completion of oci-referrers for zsh, made by: oci-referrers completion zsh
_oci_referrers() {
  local at='' prev="\${words[CURRENT-1]}" cur="\${words[CURRENT]}" word='' i=2
  local -a commands flags
  while (( i < CURRENT )); do
    word="\${at:+$at }\${words[i]}"
    case "$word" in
      ${commandPattern(rows)}) at="$word" ;;
    esac
    (( i++ ))
  done
  case "$at:$prev" in
${rows.flatMap(valueCases).join('\n')}
  esac
  case "$at" in
${rows
  .map((row) => {
    const flags = row.flags.map(({ name, summary }) => pair(name, summary)).join(' ');
    return `    ${quote(row.path)}) commands=(${below(row)}) flags=(${flags}) ;;`;
  })
  .join('\n')}
  esac
  if [[ "$cur" == -* ]]; then
    _describe -o flag flags
  elif (( \${#commands} )); then
    _describe command commands
  else
    _files
  fi
}
if [ "\${funcstack[1]}" = '_oci_referrers' ]; then
  _oci_referrers "$@"
else
  compdef _oci_referrers oci-referrers
fi
`;
}

/** A word and what is said about it, as `_describe` takes them. */
function pair(word: string, summary: string): string {
  return quote(`${word}:${summary.replaceAll(':', '\\\\:')}`);
}

function valueCases({ path, flags }: CommandRow): readonly string[] {
  return flags.flatMap(({ name, value }) => {
    const action = actionOf(value);
    return action === undefined ? [] : [`    ${quote(`${path}:${name}`)}) ${action}; return ;;`];
  });
}

function actionOf(value: FlagRow['value']): string | undefined {
  if (value === 'none') return undefined;
  if (value === 'file') return '_files';
  if (value === 'directory') return '_files -/';
  return value === 'other' ? "_message 'a value'" : `compadd -- ${value.map(quote).join(' ')}`;
}
