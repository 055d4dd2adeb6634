import { ProtocolError } from '../errors/index.js';
import { escapeText } from '../oci/escape.js';
import { redactNonUrl, redactUrl } from './redact.js';
import type { ResponseHeaders } from './types.js';

/** One link of a `Link` header. */
export interface Link {
  /** The target as it stands between the angle brackets. */
  readonly target: string;
  /** Parameters by lower-case name; where one is repeated the first counts. */
  readonly parameters: ReadonlyMap<string, string>;
}

const space = /[ \t]*/y;
const emptyElements = /[ \t,]*/y;
const target = /<([^<>\s]*)>/y;
const parameterName = /;[ \t]*([A-Za-z0-9!#$%&'*+.^_`|~-]+)[ \t]*/y;
const emptyParameter = /;[ \t]*(?=[;,]|$)/y;
const quoted = /=[ \t]*"((?:[^"\\]|\\.)*)"/y;
const unquoted = /=[ \t]*([^",;\s]+)/y;

/**
 * Finds the next page of a list.
 *
 * @remarks Whether the page may be asked for at all is the caller's decision: a registry may name any URL.
 * @param base - URL of the answer, which a relative target is resolved against
 * @returns undefined when there is no next page
 * @throws {@link ProtocolError} `ERR_OCI_BAD_LINK` for a header that breaks RFC 8288, or names two different next pages
 * @see https://www.rfc-editor.org/rfc/rfc8288#section-3
 */
export function nextLink(headers: ResponseHeaders, base: URL): URL | undefined {
  let next: URL | undefined;
  for (const link of headers.all('link').flatMap((line) => parseLinks(line))) {
    const relations = link.parameters.get('rel')?.toLowerCase().split(/\s+/) ?? [];
    // A link with an anchor is about something else than this page.
    if (!relations.includes('next') || link.parameters.has('anchor')) continue;
    if (!URL.canParse(link.target, base.href))
      throw badLink(`has a target that is no URL: ${redactNonUrl(link.target, 80)}`);
    const url = new URL(link.target, base);
    if (next !== undefined && next.href !== url.href) {
      throw badLink(`names two next pages: ${redactUrl(next)} and ${redactUrl(url)}`);
    }
    next = url;
  }
  return next;
}

/** Parses one line of a `Link` header; throws {@link ProtocolError} `ERR_OCI_BAD_LINK`. */
export function parseLinks(line: string): Link[] {
  const links: Link[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(line);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  const fail = (expected: string): ProtocolError =>
    badLink(
      `has ${at < line.length ? JSON.stringify(redactNonUrl(line.slice(at, at + 40), 40)) : 'its end'} where ${expected} belongs`,
    );

  for (take(emptyElements); at < line.length; take(emptyElements)) {
    const found = take(target);
    if (found === null) throw fail('<target>');
    const parameters = new Map<string, string>();
    for (take(space); line[at] === ';'; take(space)) {
      if (take(emptyParameter) !== null) continue;
      const name = take(parameterName)?.[1]?.toLowerCase();
      if (name === undefined) throw fail('a parameter');
      const value = line[at] === '=' ? takeValue(take) : '';
      if (value === undefined) throw fail('a value');
      if (!parameters.has(name)) parameters.set(name, value);
    }
    if (at < line.length && line[at] !== ',') throw fail('a comma');
    links.push({ target: found[1] ?? '', parameters });
  }
  return links;
}

function takeValue(take: (pattern: RegExp) => RegExpExecArray | null): string | undefined {
  return take(quoted)?.[1]?.replace(/\\(.)/g, '$1') ?? take(unquoted)?.[1];
}

function badLink(reason: string): ProtocolError {
  return new ProtocolError('ERR_OCI_BAD_LINK', `the Link header ${escapeText(reason, 300)}`, {
    hint: 'the list cannot be read to its end; look at the registry, or at a proxy that rewrites its answers',
  });
}
