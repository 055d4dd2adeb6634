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
