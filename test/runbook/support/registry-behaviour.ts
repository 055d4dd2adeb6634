import type { TestRegistryOptions } from '@stellaops/oci-referrers/testing';

type Intercept = NonNullable<TestRegistryOptions['intercept']>;
type Rewrite = NonNullable<TestRegistryOptions['rewrite']>;

/** Refuses every question for referrers. */
export function refusing(status: number, headers: Readonly<Record<string, string>> = {}): Intercept {
  return ({ endpoint }, response) => {
    if (endpoint !== 'referrers') return false;
    response.writeHead(status, headers).end();
    return true;
  };
}

/** Says in each answer what no registry that we know says: the version of the OCI specification. */
export const withVersion: Rewrite = (_request, answer) => {
  const version = { 'oci-distribution-api-version': 'OCI-Distribution/2.1' };
  return { ...answer, headers: { ...answer.headers, ...version } };
};

/** Answers a list of referrers as the user's pages have it for "none": as a 404 with the list in it. */
export const emptyAsNotFound: Rewrite = ({ endpoint }, answer) =>
  endpoint === 'referrers' ? { ...answer, status: 404 } : answer;
