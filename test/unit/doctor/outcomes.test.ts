import type { DoctorOptions, DoctorSeverity } from '@stellaops/oci-referrers';
import type { EndpointKind, RegistryAnswer, TestRegistryOptions } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import { checkAt, openWard, user } from './scene.js';

/** What brings an outcome about. */
interface Cause {
  readonly registry?: TestRegistryOptions;
  readonly options?: Partial<DoctorOptions>;
  /** What the message has to say. */
  readonly says?: RegExp;
  /** What has to be among the evidence. */
  readonly evidence?: Readonly<Record<string, unknown>>;
}

type Row = readonly [what: string, severity: DoctorSeverity, cause: Cause];

const indexType = 'application/vnd.oci.image.index.v1+json';

/** Replaces every answer of one endpoint. */
function answers(
  endpoint: EndpointKind,
  status: number,
  headers: RegistryAnswer['headers'] = {},
  text = '',
): TestRegistryOptions {
  const answer = { status, headers, body: Buffer.from(text) };
  return { rewrite: (request, right) => (request.endpoint === endpoint ? answer : right) };
}

const says = (code: string): string => JSON.stringify({ errors: [{ code, message: code.toLowerCase() }] });
const asking = { auth: user };
const letsPull = { auth: { ...user, anonymousPull: true } };
const emptyIndex = JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests: [] });
const hangsUp: TestRegistryOptions = { intercept: ({ message }) => message.socket.destroy().destroyed };
const silent: TestRegistryOptions = { intercept: () => true };
const impatient: Partial<DoctorOptions> = { timeouts: { requestMs: 100 } };

const rows: Readonly<Record<string, readonly Row[]>> = {
  registry: [
    ['that answers 200', 'pass', { evidence: { status: 200, challenge: 'none', version: 'registry/2.0' } }],
    ['that asks for a token', 'pass', { registry: asking, evidence: { status: 401, challenge: 'bearer' } }],
    [
      'that asks for a password',
      'pass',
      { registry: { profile: 'ecr', auth: user }, evidence: { challenge: 'basic' } },
    ],
    ['that challenges with a 200, as Quay does', 'pass', { registry: { profile: 'quay' } }],
    ['that redirects all, as registry.k8s.io does', 'pass', { registry: { profile: 'k8s-redirector' } }],
    ['that is not under /v2/', 'warn', { registry: answers('base', 404), says: /404 instead of 200 or 401/ }],
    ['behind a proxy that does not reach it', 'warn', { registry: { profile: 'dead-proxy/bad-gateway' } }],
    ['behind a rate limit', 'warn', { registry: answers('base', 429), evidence: { status: 429 } }],
    ['behind a guest network', 'warn', { registry: { profile: 'dead-proxy/captive-portal' }, says: /web page/ }],
    ['that hangs up', 'fail', { registry: hangsUp, evidence: { error_code: 'ERR_OCI_NETWORK' } }],
    [
      'that says nothing',
      'fail',
      { registry: silent, options: impatient, evidence: { error_code: 'ERR_OCI_TIMEOUT' } },
    ],
  ],
  credentials: [
    ['that asks nobody, and nobody', 'pass', { evidence: { auth_method: 'anonymous', status: 200 } }],
    ['that asks nobody, and somebody', 'pass', { options: user, evidence: { credentials_checked: false } }],
    [
      'that takes user and password for a token',
      'pass',
      { registry: asking, options: user, evidence: { username: 'user', challenge: 'bearer', status: 200 } },
    ],
    [
      'that takes user and password',
      'pass',
      { registry: { profile: 'ecr', auth: user }, options: user, evidence: { auth_method: 'basic' } },
    ],
    [
      'that gives everybody a token',
      'pass',
      { registry: letsPull, evidence: { auth_method: 'anonymous', challenge: 'bearer' } },
    ],
    [
      'and a user name without a password',
      'fail',
      { registry: asking, options: { username: 'user' }, says: /a user name without a password/ },
    ],
    [
      'and a password without a user name',
      'fail',
      { registry: asking, options: { password: 'pass:word' }, says: /a password without a user name/ },
    ],
    [
      'that does not take the password',
      'fail',
      { registry: asking, options: { ...user, password: 'wrong' }, evidence: { status: 401 } },
    ],
    [
      'that does not take the password by itself',
      'fail',
      { registry: { profile: 'ecr', auth: user }, options: { ...user, password: 'wrong' }, evidence: { status: 401 } },
    ],
    [
      'that denies a stale login, as GHCR does',
      'fail',
      {
        registry: { profile: 'ghcr-2026', auth: user },
        options: { ...user, password: 'old' },
        evidence: { status: 403 },
      },
    ],
    [
      'that does not take the token',
      'fail',
      { registry: asking, options: { token: 'no-token-of-yours' }, evidence: { auth_method: 'bearer', status: 401 } },
    ],
    [
      'that lets in nobody without a login',
      'fail',
      { registry: asking, says: /asks for a login, and no credentials were given/ },
    ],
    ['that says 403', 'fail', { registry: answers('base', 403, {}, says('DENIED')), evidence: { status: 403 } }],
    [
      'that says 401 without a challenge',
      'fail',
      { registry: answers('base', 401), says: /does not say how to log in/ },
    ],
    [
      'whose token service is broken',
      'fail',
      { registry: { ...asking, ...answers('token', 503) }, options: user, evidence: { status: 503 } },
    ],
    ['behind a guest network', 'fail', { registry: { profile: 'dead-proxy/captive-portal' }, says: /web page/ }],
    ['that hangs up', 'fail', { registry: hangsUp }],
    [
      'that says nothing',
      'fail',
      { registry: silent, options: impatient, evidence: { error_code: 'ERR_OCI_TIMEOUT' } },
    ],
  ],
  pull: [
    [
      'that has the test image',
      'pass',
      { evidence: { status: 200, media_type: 'application/vnd.oci.image.manifest.v1+json' } },
    ],
    ['that has it for those who log in', 'pass', { registry: asking, options: user }],
    ['that has it for everybody with a token', 'pass', { registry: letsPull }],
    ['that does not have it', 'info', { options: { testTag: 'gone' }, evidence: { status: 404 } }],
    [
      'that sends unknown tags to its web site',
      'info',
      { registry: { profile: 'ghcr-2026/unknown-tags' }, options: { testTag: 'gone' } },
    ],
    ['that asks for a login', 'fail', { registry: asking, evidence: { status: 401 } }],
    [
      'that gives nobody in particular a token, as Google does',
      'fail',
      { registry: { profile: 'gar-login-redirect', auth: user }, evidence: { status: 403 } },
    ],
    [
      'that says no',
      'fail',
      { registry: answers('manifest', 403, {}, says('DENIED')), evidence: { error_code: 'ERR_OCI_DENIED' } },
    ],
    ['that hides behind 404 whom it denies', 'fail', { registry: answers('manifest', 404, {}, says('DENIED')) }],
    ['that limits the rate', 'fail', { registry: { profile: 'hub-2026/rate-limited' }, evidence: { status: 429 } }],
    ['behind a guest network', 'fail', { registry: { profile: 'dead-proxy/captive-portal' }, says: /text\/html/ }],
    ['that hangs up', 'fail', { registry: hangsUp }],
  ],
  push: [
    ['where nobody asked for a write probe', 'info', { says: /none was asked for/ }],
    [
      'that takes an upload and cancels it',
      'pass',
      { options: { writeProbes: true }, evidence: { status: 202, cancelled: true } },
    ],
    [
      'that takes an upload and cannot cancel it',
      'pass',
      { registry: { profile: 'crane-serve' }, options: { writeProbes: true }, evidence: { cancelled: false } },
    ],
    ['that takes one from those who log in', 'pass', { registry: asking, options: { ...user, writeProbes: true } }],
    [
      'that lets everybody pull and nobody push',
      'fail',
      { registry: letsPull, options: { writeProbes: true }, evidence: { status: 401 } },
    ],
    [
      'that says no',
      'fail',
      {
        registry: answers('upload', 403, {}, says('DENIED')),
        options: { writeProbes: true },
        evidence: { status: 403 },
      },
    ],
    [
      'in read-only mode',
      'fail',
      {
        registry: { profile: 'distribution-2.8/read-only' },
        options: { writeProbes: true },
        evidence: { status: 405 },
      },
    ],
    ['that hangs up', 'fail', { registry: hangsUp, options: { writeProbes: true } }],
  ],
  referrers: [
    ['that lists them', 'pass', { evidence: { status: 200, referrers_api: true, referrers: 0 } }],
    [
      'that lists them in a 404',
      'pass',
      {
        registry: answers('referrers', 404, { 'content-type': indexType }, emptyIndex),
        evidence: { rule: 'list-in-404' },
      },
    ],
    ['that lists them as plain JSON, as Harbor 2.8 does', 'pass', { registry: { profile: 'harbor-2.8' } }],
    [
      'that says 404, as distribution does',
      'warn',
      {
        registry: { profile: 'distribution-2.8' },
        evidence: { registry_product: expect.stringMatching(/distribution/) },
      },
    ],
    [
      'that says 405, as olareg does with the API off',
      'warn',
      { registry: { profile: 'olareg-off' }, evidence: { status: 405 } },
    ],
    [
      'that says 406, as old Artifactory does',
      'warn',
      { registry: { profile: 'artifactory-legacy' }, evidence: { status: 406 } },
    ],
    ['that says 501', 'warn', { registry: answers('referrers', 501), evidence: { status: 501 } }],
    [
      'that says 401 for want of a route, as Harbor 2.7 does',
      'warn',
      { registry: { profile: 'harbor-2.7' }, evidence: { rule: 'unrecognized-request' } },
    ],
    [
      'that sends the question to its web site, as GHCR does',
      'warn',
      {
        registry: { profile: 'ghcr-2026' },
        evidence: { rule: 'redirect-to-other-origin', registry_product: 'GitHub Container Registry' },
      },
    ],
    [
      'that sends the question to a login page, as Google did',
      'warn',
      { registry: { profile: 'gar-login-redirect' }, evidence: { registry_product: 'Google Artifact Registry' } },
    ],
    [
      'that answers with a web page',
      'warn',
      {
        registry: answers('referrers', 200, { 'content-type': 'text/html' }, '<p>'),
        evidence: { rule: 'other-content-type' },
      },
    ],
    [
      'whose 424 is said to mean that',
      'warn',
      { registry: { profile: 'acr-cache-ghcr' }, options: { fallbackOn: [424] } },
    ],
    ['that has no test image', 'info', { options: { testTag: 'gone' }, says: /the referrers API was not asked/ }],
    [
      'whose cache cannot ask, as ACR before GHCR',
      'fail',
      { registry: { profile: 'acr-cache-ghcr' }, evidence: { status: 424 } },
    ],
    ['that asks for a login', 'fail', { registry: asking, evidence: { status: 401 } }],
    [
      'that says no to this alone',
      'fail',
      { registry: answers('referrers', 403, {}, says('DENIED')), evidence: { status: 403 } },
    ],
    [
      'that limits the rate',
      'fail',
      { registry: answers('referrers', 429), evidence: { error_code: 'ERR_OCI_RATE_LIMITED' } },
    ],
    ['that breaks down', 'fail', { registry: answers('referrers', 500), evidence: { status: 500 } }],
    [
      'that lists what is no list',
      'fail',
      {
        registry: { profile: 'hostile/manifests-null' },
        evidence: { error_code: expect.stringMatching(/^ERR_OCI_BAD/) },
      },
    ],
    ['that hangs up', 'fail', { registry: hangsUp }],
  ],
  capabilities: [
    [
      'that has all five',
      'pass',
      { registry: { profile: 'conformant-1.1' }, options: { writeProbes: true }, evidence: { score: '5/5' } },
    ],
    [
      'without a mount that mounts, which keeps what the probe wrote',
      'warn',
      {
        registry: { profile: 'ggcr-lib' },
        options: { writeProbes: true },
        says: /missing: .*cross-repository-mount/,
      },
    ],
    [
      'whose uploads break down',
      'fail',
      { registry: answers('upload', 503), options: { writeProbes: true }, says: /unknown: chunked-upload/ },
    ],
    [
      'that lets nobody write',
      'warn',
      { registry: answers('upload', 403), options: { writeProbes: true }, says: /unknown: chunked-upload/ },
    ],
    [
      'without the referrers API',
      'warn',
      { registry: { profile: 'distribution-2.8' }, evidence: { referrers_api: 'unsupported' } },
    ],
    ['where nobody asked for a write probe', 'info', { says: /2 of 5 .*unknown: chunked-upload/ }],
    ['that has no test image', 'info', { options: { testTag: 'gone' }, evidence: { status: 404 } }],
    ['that hangs up', 'fail', { registry: hangsUp }],
  ],
};

describe.each(Object.entries(rows))('the check %s, at a registry', (check, outcomes) => {
  it.each(outcomes)('%s: %s', async (_what, severity, { registry, options, says: words, evidence = {} }) => {
    await using ward = await openWard(registry);
    const result = await ward.check(check, options);
    expect(result).toMatchObject({ checkId: `check.integration.oci.${check}`, severity, evidence });
    if (words !== undefined) expect(result.message).toMatch(words);
    // Whatever is not well comes with something to do about it.
    expect(result.howToFix.length > 0).toBe(severity !== 'pass');
  });

  it('that is not there: fail', async () => {
    const result = await checkAt('http://127.0.0.1:1', check, { writeProbes: check === 'push' });
    expect(result).toMatchObject({ severity: 'fail', evidence: { error_code: 'ERR_OCI_NETWORK' } });
    expect(result.message).toMatch(/connection refused/);
  });
});
