import { type OciError, ProtocolError, type RegistryError, type RegistryErrorDetail } from '../errors/index.js';
import { parseErrorBody } from '../http/error-body.js';
import { errorFromBytes, errorFromRefusal } from '../http/response-error.js';
import type { BufferedResponse } from '../http/types.js';
import { type ImageIndex, parseIndex } from '../oci/manifest.js';
import { isManifestType, mediaTypeOf, mediaTypes } from '../oci/media-types.js';

/** What one answer of the referrers endpoint means; the table of `docs/spec-map.md`. */
export type ReferrersVerdict =
  | { readonly kind: 'list'; readonly rule: string; readonly index: ImageIndex; readonly warning?: string }
  | {
      readonly kind: 'unsupported';
      readonly rule: string;
      readonly isWeak: boolean;
      readonly errorCodes: readonly string[];
    }
  | { readonly kind: 'error'; readonly rule: string; readonly error: OciError };

/**
 * Decides what an answer to `GET /v2/<name>/referrers/<digest>` means.
 *
 * @remarks Only a 404 says by the specification that the API is missing. Other answers that real registries without the
 * API give are "weak": an empty tag lookup after them confirms nothing by itself. Everything else is an error.
 * @throws ProtocolError when an answer claims to be a list and is not one
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
 */
export function judgeReferrersAnswer(
  answer: BufferedResponse,
  what: string,
  fallbackOn: readonly number[],
): ReferrersVerdict {
  if (answer.status === 200) return judgeOk(answer, what);
  if (answer.leftOrigin && !isFault(answer.status)) return unsupported('redirect-to-other-origin', true);
  const errors = parseErrorBody(answer.bytes, answer.bytes.length);
  const codes = errors.map((error) => error.code.toUpperCase());
  const says = (pattern: RegExp): boolean => errors.some((error) => pattern.test(error.message));
  const fault = (rule: string): ReferrersVerdict => ({
    kind: 'error',
    rule,
    error: errorFromBytes(answer, 'list', what),
  });

  switch (answer.status) {
    case 404: {
      const index = indexInBody(answer, what);
      if (index !== undefined) return { kind: 'list', rule: 'list-in-404', index };
      if (codes.includes('DENIED') || codes.includes('UNAUTHORIZED')) return fault('denied-in-404');
      return unsupported('not-found', false, codes);
    }
    case 405:
      // ECR answers 405 for a parameter it does not like, with the API in place.
      return says(/parameter|maxresults|nexttoken/i)
        ? fault('parameter-refused')
        : unsupported('method-not-allowed', true);
    case 406:
      return unsupported('not-acceptable', true);
    case 501:
      return unsupported('not-implemented', true);
    case 401: {
      const isHarbor27 = (answer.headers.get('www-authenticate') ?? '').trim() === '' && says(/^un-recognized request/);
      return isHarbor27 ? unsupported('unrecognized-request', true) : fault('refused');
    }
    default:
      if (fallbackOn.includes(answer.status)) return unsupported(`fallback-on-${answer.status}`, true);
      return { kind: 'error', rule: 'refused', error: refusal(answer, what, errors) };
  }
}

function refusal(answer: BufferedResponse, what: string, details: readonly RegistryErrorDetail[]): RegistryError {
  const { status, url } = answer;
  // Some registries say these for want of the API, and others for other reasons: only the caller can know.
  if (status !== 400 && status !== 410 && status !== 424) return errorFromBytes(answer, 'list', what);
  const remedy = `fallbackOn: [${status}] (--fallback-on ${status}) reads the referrers tag instead`;
  const hint = `check the digest; if this is how ${url.host} says that it has no referrers API, ${remedy}`;
  return errorFromRefusal(answer, { code: 'ERR_OCI_REGISTRY_STATUS', operation: 'list', what, details, hint });
}

function judgeOk(answer: BufferedResponse, what: string): ReferrersVerdict {
  const type = mediaTypeOf(answer.headers.get('content-type'));
  if (type === mediaTypes.ociIndex) return { kind: 'list', rule: 'list', index: parseIndex(answer.bytes, what) };
  const label = mediaTypeOf(answer.headers.quote('content-type', 128)) || 'with no type';
  const warning = `the registry labels its list ${label} instead of as an OCI index`;
  if (type === 'application/json' && !answer.leftOrigin) {
    return { kind: 'list', rule: 'list-as-json', index: parseIndex(answer.bytes, what), warning };
  }
  // DEVIATION(discovery.md): a valid list under a wrong label is a list. Taken for "not supported" it would be lost.
  const index = indexInBody(answer, what);
  if (index !== undefined) return { kind: 'list', rule: 'list-as-other-type', index, warning };
  // An index in Docker's form, or an image, is no way to say that there is no API: it may be the very list.
  if (isManifestType(type)) {
    throw new ProtocolError('ERR_OCI_BAD_CONTENT_TYPE', `${what} came as ${type}, which is not an OCI image index`, {
      hint: 'look at the registry, or at a proxy that converts manifests; the list cannot be trusted',
    });
  }
  if (answer.leftOrigin) return unsupported('redirect-to-other-origin', true);
  // A login page, a firewall's page, Google's sign-in: 200 proves nothing.
  return unsupported('other-content-type', true);
}

/**
 * DEVIATION(discovery.md): a fault stays a fault elsewhere too, and so does a refusal; registry.k8s.io redirects every
 * request, lists included.
 */
function isFault(status: number): boolean {
  return status === 401 || status === 403 || status === 408 || status === 429 || (status >= 500 && status !== 501);
}

/** White space that may stand before a JSON value. */
const jsonSpace: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

function indexInBody(answer: BufferedResponse, what: string): ImageIndex | undefined {
  const first = answer.bytes.find((byte) => !jsonSpace.has(byte));
  if (first !== 0x7b) return undefined;
  if (answer.truncated) {
    throw new ProtocolError(
      'ERR_OCI_BAD_JSON',
      `${what}: a ${answer.status} with a JSON body that is larger than any list may be`,
      {
        hint: 'raise limits.maxManifestBytes if the registry answers lists this large',
      },
    );
  }
  try {
    return parseIndex(answer.bytes, what);
  } catch (error) {
    // Any other body is only the registry's way of saying that it has no such list; a list with a fault in it is a fault.
    if (answer.status === 200 && answer.bytes.includes('"manifests"')) throw error;
    return undefined;
  }
}

function unsupported(rule: string, isWeak: boolean, errorCodes: readonly string[] = []): ReferrersVerdict {
  return { kind: 'unsupported', rule, isWeak, errorCodes };
}
