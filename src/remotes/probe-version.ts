import { ProtocolError } from '../errors/index.js';
import { errorFromResponse } from '../http/response-error.js';
import type { RegistryResponse } from '../http/types.js';
import { isWebPageType, mediaTypeOf } from '../oci/media-types.js';
import type { CapabilityFinding } from './capabilities.js';
import type { Repository } from './repository.js';

/** What `GET /v2/` says. */
export interface VersionProbe {
  readonly version: string | undefined;
  readonly finding: CapabilityFinding;
}

/** Headers a registry says its version with, the one of the specification's time first. */
const versionHeaders = ['OCI-Distribution-API-Version', 'Docker-Distribution-API-Version'] as const;

/**
 * Asks `GET /v2/` for the version, without credentials: a 401 carries it as well.
 *
 * @remarks The challenge there is about no repository (GHCR names a placeholder), and Harbor gives nobody a token for it.
 * @throws OciError for an answer that is no registry's, or that says that now is no time to ask
 */
export async function probeVersion(at: Repository, signal: AbortSignal): Promise<VersionProbe> {
  const answer = await at.open('GET', at.baseUrl, { signal, scopes: [], anonymous: true, kind: 'metadata' });
  const fault = isFault(answer.status) ? await errorFromResponse(answer, 'ask', '/v2/') : webPage(answer);
  // What a registry writes there says nothing; a web page may be long.
  await answer.body.discard();
  if (fault !== undefined) throw fault;
  const name = versionHeaders.find((header) => (answer.headers.get(header) ?? '').trim() !== '');
  if (answer.leftOrigin) {
    const evidence = `the registry sent the question to ${answer.url.host}, whose ${answer.status} says nothing about it`;
    return { version: undefined, finding: { name: 'version-header', state: 'unknown', evidence } };
  }
  if (name === undefined) {
    const evidence = `no version header in the ${answer.status} at /v2/`;
    return { version: undefined, finding: { name: 'version-header', state: 'unsupported', evidence } };
  }
  const version = answer.headers.quote(name, 128);
  const evidence = `${name}: ${version} in the ${answer.status} at /v2/`;
  return { version, finding: { name: 'version-header', state: 'supported', evidence } };
}

function isFault(status: number): boolean {
  return status === 403 || status === 408 || status === 429 || status >= 500;
}

function webPage({ status, headers, url }: RegistryResponse): ProtocolError | undefined {
  if (status >= 300 || !isWebPageType(mediaTypeOf(headers.get('content-type')))) return undefined;
  return new ProtocolError('ERR_OCI_BAD_CONTENT_TYPE', `${url.host} answers /v2/ with a web page, not as a registry`, {
    hint: 'check host and port; a proxy or login page may have answered instead of the registry: look with curl -v',
  });
}
