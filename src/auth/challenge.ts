/** One challenge of a `WWW-Authenticate` header. */
export interface Challenge {
  /** Lower-case scheme, such as `bearer`. */
  readonly scheme: string;
  /** Parameters by lower-case name; of a repeated name the first counts, but several `scope` are joined by a space. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** More challenges than this only serve an attack. */
const maxChallenges = 16;
const separators = /[\s,]*/y;
const token = /[A-Za-z0-9!#$%&'*+.^_`|~-]+/y;
const equals = /[ \t]*=[ \t]*/y;
const quoted = /"((?:[^"\\]|\\.)*)(?:"|\\?$)/y;
const unquoted = /[^\s,"]*/y;
/** Credentials of Negotiate and the like: one word with `=` at its end only, up to a comma or the end. */
const token68 = /[ \t]+[A-Za-z0-9._~+/-]+=*[ \t]*(?=,|$)/y;

/**
 * Parses the `WWW-Authenticate` lines of a 401.
 *
 * @remarks Registries take liberties: schemes in any case, values without quotes, commas left out, several challenges in
 * one line. What cannot be read is passed over, never an error: a challenge that is not understood is one that cannot be met.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1
 */
export function parseChallenges(lines: readonly string[]): Challenge[] {
  return lines.flatMap((line) => parseLine(line)).slice(0, maxChallenges);
}

function parseLine(line: string): Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(line);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  for (take(separators); at < line.length; take(separators)) {
    const word = take(token)?.[0].toLowerCase();
    if (word === undefined) {
      if (take(quoted) === null) at++;
      continue;
    }
    if (take(equals) === null) {
      challenges.push({ scheme: word, parameters: new Map() });
      take(token68);
      continue;
    }
    const value = take(quoted)?.[1]?.replace(/\\(.)/g, '$1') ?? take(unquoted)?.[0] ?? '';
    addParameter(challenges.at(-1)?.parameters, word, value);
  }
  return challenges;
}

function addParameter(parameters: Map<string, string> | undefined, name: string, value: string): void {
  const known = parameters?.get(name);
  if (known === undefined) parameters?.set(name, value);
  else if (name === 'scope') parameters?.set(name, `${known} ${value}`);
}
