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
  const query = [...url.searchParams].map(
    ([key, value]) => `${encodeURIComponent(key)}=${openKeys.has(key) ? encodeURIComponent(value) : 'REDACTED'}`,
  );
  const tail = query.length === 0 ? '' : `?${query.join('&')}`;
  return escapeText(`${url.protocol}//${url.host}${url.pathname}${tail}`, 1_024);
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
 * Takes a secret out of what came back from whoever was sent it, as it is and as JSON, URLs and headers write it.
 *
 * @remarks Before anything is cut: what is left of a secret is one too. One of fewer than 6 characters is not looked for.
 */
export function withoutSecret(text: string, secret: string): string {
  if (secret.length < leastSecretLength) return text;
  const form = new URLSearchParams({ '': secret }).toString().slice(1);
  const forms = [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), form];
  return forms.reduce((rest, one) => rest.replaceAll(one, 'REDACTED'), text);
}
