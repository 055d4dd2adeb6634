import { type CommandRow, commandPattern, quote } from './command-table.js';

/** Writes the completion for bash, 3.2 as on macOS included; file names are left to bash itself. */
export function bashScript(rows: readonly CommandRow[]): string {
  return `# Completion of oci-referrers for bash, made by: oci-referrers completion bash
_oci_referrers() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev='' at='' word='' commands='' flags='' i=1
  # bash takes the = of --flag=value for a word.
  if [ "$cur" = '=' ]; then
    cur='' prev="\${COMP_WORDS[COMP_CWORD-1]}"
  elif [ "\${COMP_WORDS[COMP_CWORD-1]}" = '=' ]; then
    prev="\${COMP_WORDS[COMP_CWORD-2]}"
  else
    prev="\${COMP_WORDS[COMP_CWORD-1]}"
  fi
  while [ "$i" -lt "$COMP_CWORD" ]; do
    word="\${at:+$at }\${COMP_WORDS[i]}"
    case "$word" in
      ${commandPattern(rows)}) at="$word" ;;
    esac
    i=$((i + 1))
  done
  COMPREPLY=()
  case "$at:$prev" in
${rows.flatMap(valueCases).join('\n')}
  esac
  case "$at" in
${rows
  .map(({ path, commands, flags }) => {
    const names = flags.map(({ name }) => name).join(' ');
    return `    ${quote(path)}) commands=${quote(commands.join(' '))} flags=${quote(names)} ;;`;
  })
  .join('\n')}
  esac
  case "$cur" in
    -*) COMPREPLY=($(compgen -W "$flags" -- "$cur")) ;;
    *) [ -z "$commands" ] || COMPREPLY=($(compgen -W "$commands" -- "$cur")) ;;
  esac
}
# Names may hold blanks, globs and $(…): with filenames readline quotes what it puts on the line.
_oci_referrers_directories() {
  type mapfile >/dev/null 2>&1 || return 0
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -d -- "$cur")
}
complete -o bashdefault -o default -F _oci_referrers oci-referrers
`;
}

/** What follows a flag: one of its words, or nothing from here, which leaves it to bash's file names. */
function valueCases({ path, flags }: CommandRow): readonly string[] {
  const named = flags.flatMap(({ name, value }) =>
    typeof value === 'string'
      ? []
      : [`    ${quote(`${path}:${name}`)}) COMPREPLY=($(compgen -W ${quote(value.join(' '))} -- "$cur")); return ;;`],
  );
  const patterns = (kind: string): string =>
    flags
      .filter(({ value }) => value === kind)
      .map(({ name }) => quote(`${path}:${name}`))
      .join('|');
  const directories = patterns('directory');
  const free = [patterns('file'), patterns('other')].filter((text) => text !== '').join('|');
  return [
    ...named,
    ...(directories === '' ? [] : [`    ${directories}) _oci_referrers_directories; return ;;`]),
    ...(free === '' ? [] : [`    ${free}) return ;;`]),
  ];
}
