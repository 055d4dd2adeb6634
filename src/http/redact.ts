import { escapeText } from '../oci/escape.js';

/** Query keys that never carry a secret; a signed URL or an upload state does, under names nobody can list. */
const openKeys = new Set([
  'account',
  'artifactType',
  'client_id',
  'digest',
  'from',
  'last',
  'mount',
  'n',
  'ns',
  'page',
  'scope',
  'service',
]);

/**
 * Writes a URL for a message or a log: no user, no password, no fragment, and no query value that is not known to be
 * harmless.
 */
export function redactUrl(url: URL): string {
  const tail = url.search === '' ? '' : redactQuery(url.searchParams);
  return escapeText(`${url.protocol}//${url.host}${url.pathname}${tail}`, 1_024);
}

function redactQuery(parameters: URLSearchParams): string {
  const query = [...parameters].map(
    ([key, value]) => `${encodeURIComponent(key)}=${openKeys.has(key) ? encodeURIComponent(value) : 'REDACTED'}`,
  );
  return query.length === 0 ? '' : `?${query.join('&')}`;
}

/** Writes for a message what should have been a URL and is none: nothing of its query, its fragment or its user. */
export function redactNonUrl(text: string, most: number): string {
  const shown = text.replace(/^([^/?#]*\/\/)[^/?#]*@/, '$1').replace(/[?#].*$/s, '?REDACTED');
  return escapeText(shown, most);
}

const credential = /\b(basic|bearer)([ \t]+)([A-Za-z0-9._~+/=-]{8,})/gi;
const jsonWebToken = /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9._-]+/g;

/**
 * Makes what a registry said fit for a message or a log: escaped, cut, and without what looks like the credential it was
 * sent; some registries repeat the header they refuse.
 */
export function quoteRegistry(text: string, most: number): string {
  return escapeText(text, most)
    .replace(credential, (all: string, scheme: string, gap: string, value: string) =>
      // "Basic authentication" is a word; in base64 and in tokens there is something else than small letters.
      /[0-9A-Z_~+/=]/.test(value.slice(1)) ? `${scheme}${gap}REDACTED` : all,
    )
    .replace(jsonWebToken, 'REDACTED');
}

/** What is shorter stands in too many words. */
const leastSecretLength = 6;

/**
 * Takes a secret out of what came back from whoever was sent it, as it is and as JSON, URLs, forms and base64 write it.
 *
 * @remarks Before anything is cut: what is left of a secret is one too. One of fewer than 6 characters is not looked for.
 */
function withoutSecret(text: string, secret: string): string {
  if (secret.length < leastSecretLength) return text;
  const form = new URLSearchParams({ '': secret }).toString().slice(1);
  const bytes = Buffer.from(secret);
  const base64 = [bytes.toString('base64').replace(/=+$/, ''), bytes.toString('base64url')];
  const forms = [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), form, ...base64];
  return forms.reduce((rest, one) => rest.replaceAll(one, 'REDACTED'), text);
}

/** Takes secrets out of an answer's text; where it is JSON also those that escapes hide. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  const clean = secrets.reduce(withoutSecret, text);
  let value: unknown;
  try {
    if (secrets.length > 0 && clean.includes('\\')) value = JSON.parse(clean);
  } catch {
    // No JSON, so no escapes.
  }
  if (value === undefined) return clean;
  const cleaned = (_key: string, one: unknown): unknown =>
    typeof one === 'string' ? secrets.reduce(withoutSecret, one) : one;
  try {
    const rewritten = JSON.stringify(value, cleaned);
    return rewritten === JSON.stringify(value) ? clean : rewritten;
  } catch {
    // Too deep to be looked through: nothing of it is quoted.
    return '';
  }
}

/** The same for a body, which stays as it is, to the byte, where there is nothing to take out. */
export function cleanBody(bytes: Buffer, clean: ((text: string) => string) | undefined): Buffer {
  const text = bytes.toString();
  const said = clean?.(text) ?? text;
  return said === text ? bytes : Buffer.from(said);
}

/** What is secret in an `Authorization` header, by itself and as the header has it. */
export function secretsIn(authorization: string): string[] {
  const value = authorization.replace(/^\S+ +/, '');
  if (!/^basic /i.test(authorization)) return [value];
  const login = Buffer.from(value, 'base64').toString();
  return [login.slice(login.indexOf(':') + 1), value];
}
