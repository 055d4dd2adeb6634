import type { OciErrorCode } from '@stellaops/oci-referrers';
import type { BodyFault, Fault } from './faults.js';
import type { Step, StepName } from './steps.js';

/**
 * What a caller has to get: the two referrers there are, or an error with this code.
 *
 * `not-supported` and `tag-absent` are answers by which a registry legitimately says that it has no referrers API, or
 * that nothing is under the referrers tag (the table of `docs/spec-map.md`). Of a registry that holds two referrers
 * they would be a lie, so these cells have registries of their own, for which they are the truth.
 */
export type Expectation = 'truth' | 'not-supported' | 'tag-absent' | OciErrorCode;

/** What an answer with status 200 that is not what it should be leads to, by step. */
const bodies: Readonly<Record<StepName, Readonly<Record<BodyFault, Expectation>>>> = {
  token: ofToken(),
  'token while listing': ofToken(),
  // An answer to HEAD has no body; where its headers are no manifest's GET is asked. A wrong length comes out on fetch.
  HEAD: { ...ofHead(), page: 'truth', mislabelled: 'truth', 'oversize-chunked': 'truth' },
  'HEAD and GET': ofHead(),
  // A valid list is a list, whatever its label.
  'referrers page 1': { ...ofPage('not-supported'), mislabelled: 'truth' },
  'referrers page 2': { ...ofPage('ERR_OCI_BAD_SCHEMA'), mislabelled: 'truth' },
  tag: ofManifest('ERR_OCI_REFERRERS_TAG_INVALID'),
  manifest: ofManifest('ERR_OCI_BAD_CONTENT_TYPE'),
  'manifest for its type': ofManifest('ERR_OCI_BAD_CONTENT_TYPE'),
  // What has no body has no fault in it; what is no manifest confirms nothing.
  'subject of an empty list': {
    ...ofHead(),
    page: 'ERR_OCI_REFERRERS_UNCONFIRMED',
    mislabelled: 'ERR_OCI_REFERRERS_UNCONFIRMED',
    oversize: 'truth',
    'oversize-chunked': 'truth',
    'unlabelled-gzip': 'truth',
    trailing: 'truth',
  },
  // The type of a blob is what its descriptor says, and everything else is decided by its size and digest.
  blob: {
    page: 'ERR_OCI_SIZE_MISMATCH',
    mislabelled: 'truth',
    oversize: 'ERR_OCI_SIZE_MISMATCH',
    'oversize-chunked': 'ERR_OCI_SIZE_MISMATCH',
    'unlabelled-gzip': 'ERR_OCI_SIZE_MISMATCH',
    trailing: 'ERR_OCI_SIZE_MISMATCH',
    cut: 'ERR_OCI_NETWORK',
    drip: 'ERR_OCI_TIMEOUT',
  },
};

/** Computes what a cell of the matrix has to end in. */
export function expectedOutcome(step: Step, fault: Fault): Expectation {
  const isToken = step.name.startsWith('token');
  switch (fault.kind) {
    case 'unbroken':
      return 'truth';
    case 'reset':
      return 'ERR_OCI_NETWORK';
    case 'silence':
    case 'full-pool':
      return 'ERR_OCI_TIMEOUT';
    case 'endless-redirect':
      return 'ERR_OCI_LIMIT_EXCEEDED';
    case 'bad-redirect':
      return isToken ? 'ERR_OCI_REALM_REFUSED' : 'ERR_OCI_REDIRECT_REFUSED';
    case 'elsewhere':
      return isToken ? 'ERR_OCI_REALM_REFUSED' : expectedElsewhere(step, fault);
    case 'refusal':
      return expectedRefusal(step, fault);
    case 'page':
    case 'mislabelled':
    case 'oversize':
    case 'oversize-chunked':
    case 'unlabelled-gzip':
    case 'trailing':
    case 'cut':
    case 'drip':
      return bodies[step.name][fault.kind];
  }
}

function expectedRefusal(step: Step, { status = 0, code = '' }: Fault): Expectation {
  const means = status === 404 && code === 'DENIED' ? 403 : status;
  switch (step.name) {
    case 'token':
    case 'token while listing':
      // A token service that is not there must not look like an image that is not there.
      return status === 404 ? 'ERR_OCI_REGISTRY_STATUS' : codeOf(status);
    case 'HEAD':
      // GET settles what HEAD leaves open; a registry that is busy or broken is not asked twice over.
      return status === 429 || (status >= 500 && status !== 501) ? codeOf(status) : 'truth';
    case 'referrers page 1':
      return [404, 405, 406, 501].includes(means) ? 'not-supported' : codeOf(means);
    case 'referrers page 2':
      return [404, 405, 406, 501].includes(means) ? 'ERR_OCI_BAD_SCHEMA' : codeOf(means);
    case 'tag':
      return means === 404 ? 'tag-absent' : codeOf(means);
    case 'manifest for its type':
      // It was listed a moment ago: that it is gone is a contradiction.
      return means === 404 ? 'ERR_OCI_REFERRERS_INCONSISTENT' : codeOf(means);
    case 'subject of an empty list':
      return status === 404 ? 'ERR_OCI_REFERRERS_UNCONFIRMED' : codeOf(status);
    case 'HEAD and GET':
    case 'manifest':
    case 'blob':
      return codeOf(means);
  }
}

/** GHCR sends what it does not know to its web site; others keep their content elsewhere. */
function expectedElsewhere(step: Step, fault: Fault): Expectation {
  if (fault.code === 'RIGHT') return 'truth';
  return fault.status === 200 ? bodies[step.name].page : expectedRefusal(step, fault);
}

function codeOf(status: number): OciErrorCode {
  const codes: Readonly<Record<number, OciErrorCode>> = {
    401: 'ERR_OCI_UNAUTHORIZED',
    403: 'ERR_OCI_DENIED',
    404: 'ERR_OCI_NOT_FOUND',
    429: 'ERR_OCI_RATE_LIMITED',
  };
  return codes[status] ?? 'ERR_OCI_REGISTRY_STATUS';
}

function ofToken(): Record<BodyFault, Expectation> {
  return { ...ofPage('ERR_OCI_BAD_JSON'), mislabelled: 'truth' };
}

function ofPage(otherType: Expectation): Record<BodyFault, Expectation> {
  return {
    page: otherType,
    mislabelled: otherType,
    oversize: 'ERR_OCI_LIMIT_EXCEEDED',
    'oversize-chunked': 'ERR_OCI_LIMIT_EXCEEDED',
    'unlabelled-gzip': 'ERR_OCI_BAD_JSON',
    trailing: 'ERR_OCI_BAD_JSON',
    cut: 'ERR_OCI_NETWORK',
    drip: 'ERR_OCI_TIMEOUT',
  };
}

function ofManifest(otherType: Expectation): Record<BodyFault, Expectation> {
  return {
    ...ofPage(otherType),
    'unlabelled-gzip': 'ERR_OCI_DIGEST_MISMATCH',
    trailing: 'ERR_OCI_DIGEST_MISMATCH',
  };
}

function ofHead(): Record<BodyFault, Expectation> {
  return {
    page: 'ERR_OCI_BAD_CONTENT_TYPE',
    mislabelled: 'ERR_OCI_BAD_CONTENT_TYPE',
    oversize: 'ERR_OCI_SIZE_MISMATCH',
    'oversize-chunked': 'ERR_OCI_LIMIT_EXCEEDED',
    'unlabelled-gzip': 'ERR_OCI_SIZE_MISMATCH',
    trailing: 'ERR_OCI_SIZE_MISMATCH',
    cut: 'truth',
    drip: 'truth',
  };
}
