import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseErrorBody } from '../../../src/http/error-body.js';
import { errorFromBytes, errorFromResponse } from '../../../src/http/response-error.js';
import type { RegistryResponse } from '../../../src/http/types.js';
import { bound, clientFor, get, startServer, type TestServer } from './support.js';

const parse = (body: string): unknown => parseErrorBody(Buffer.from(body), 8_192);

/** Tells whether a body has been read to its end or left, so that it holds no connection. */
function isClosed(body: RegistryResponse['body']): boolean {
  let closed = false;
  body.whenClosed(() => {
    closed = true;
  });
  return closed;
}

describe('what a registry says about an error', () => {
  it.each([
    ['the specified form', '{"errors":[{"code":"DENIED","message":"no","detail":{"a":1}}]}', 'DENIED', 'no'],
    ['a code in lower case', '{"errors":[{"code":"denied","message":"denied"}]}', 'DENIED', 'denied'],
    ['a bare object (zot)', '{"code":"UNAUTHORIZED","message":"who?","detail":null}', 'UNAUTHORIZED', 'who?'],
    ['a status for a code (Artifactory)', '{"errors":[{"status":405,"message":"Not here"}]}', '', 'Not here'],
    ['an OAuth2 error', '{"error":"invalid_grant","error_description":"gone"}', 'INVALID_GRANT', 'gone'],
    ['a single word in JSON', '{"error":"broken"}', '', 'broken'],
    ['details (token services)', '{"details":"incorrect username or password"}', '', 'incorrect username or password'],
    ['plain words (ECR)', 'Not Authorized\n', '', 'Not Authorized'],
    ['a code alone', '{"errors":[{"code":"UNKNOWN"}]}', 'UNKNOWN', ''],
  ])('is read from %s', (_, body, code, message) => {
    expect(parse(body)).toEqual([{ code, message }]);
  });

  it.each([
    '',
    '<html><h1>429</h1></html>',
    '{"errors":[]}',
    '{"errors":[null,1,[]]}',
    '[]',
    'null',
    '{"errors":[{"co',
  ])('is nothing in %j', (body) => {
    expect(parse(body)).toEqual([]);
  });

  it.each([8_192, 20_000])(
    'is not lost behind a long detail, however much was buffered (%i bytes looked at)',
    (most) => {
      const body = JSON.stringify({ errors: [{ code: 'DENIED', message: 'no', detail: 'x'.repeat(9_000) }] });
      expect(parseErrorBody(Buffer.from(body), most)).toEqual([{ code: 'DENIED', message: 'no' }]);
    },
  );

  it('keeps its codes when the body was cut', () => {
    const long = { code: 'denied', message: 'say "code":"FAKE"', detail: 'x'.repeat(9_000) };
    const body = JSON.stringify({ errors: [{ code: 'NAME_UNKNOWN' }, long] });
    for (const cut of [4_000, 9_000]) {
      expect(parse(` ${body}`.slice(0, cut))).toEqual([
        { code: 'NAME_UNKNOWN', message: '' },
        { code: 'DENIED', message: '' },
      ]);
    }
  });

  it('is looked for in no more than 64 KiB of a body that was cut, and is bounded there too', () => {
    const at = (start: number): string => `{"errors":[{"detail":"${'x'.repeat(start)}","code":"DENIED"},`;
    expect(parse(at(1_000))).toEqual([{ code: 'DENIED', message: '' }]);
    expect(parse(at(70_000))).toEqual([]);
    const many = Array.from({ length: 50 }, (_, index) => `{"code":"C${index}"}`).join();
    expect(parse(`{"errors":[${many}`)).toHaveLength(8);
    expect(parse(`{"errors":[{"code":"${'Y'.repeat(500)}"}`)).toEqual([]);
  });

  it('is bounded and cannot draw on a terminal', () => {
    const entry = { code: `X\u001b[2J${'Y'.repeat(500)}`, message: `\u202e${'z'.repeat(5_000)}` };
    const details = parseErrorBody(Buffer.from(JSON.stringify({ errors: Array(100).fill(entry) })), 1_000_000);
    expect(details).toHaveLength(8);
    expect(details[0]?.code).toMatch(/^X\\u001b\[2J/);
    expect(details[0]?.message).toMatch(/^\\u202e/);
    expect(details[0]?.message.length).toBeLessThan(500);
  });

  it('never fails, whatever it is', () => {
    fc.assert(fc.property(fc.uint8Array(), fc.nat(300), (bytes, most) => void parseErrorBody(bytes, most)));
    fc.assert(fc.property(fc.json(), (json) => void parse(json)));
  });
});

async function refusing(status: number, body: string, headers: Record<string, string> = {}): Promise<TestServer> {
  return await startServer((_, response) => response.writeHead(status, headers).end(body));
}

describe('the error for an answer', () => {
  it.each([
    [401, 'ERR_OCI_UNAUTHORIZED'],
    [403, 'ERR_OCI_DENIED'],
    [404, 'ERR_OCI_NOT_FOUND'],
    [429, 'ERR_OCI_RATE_LIMITED'],
    [400, 'ERR_OCI_REGISTRY_STATUS'],
    [503, 'ERR_OCI_REGISTRY_STATUS'],
  ])('with status %i has code %s and says what to do next', async (status, code) => {
    const server = await refusing(status, '');
    const answer = await clientFor(server.origin).requestBytes(get(server.origin, '/v2/x?token=abc'), bound);
    const error = errorFromBytes(answer, 'pull manifest', 'team/app:1.2');
    expect(error).toMatchObject({ code, status, method: 'GET', url: `${server.origin}/v2/x?token=REDACTED` });
    expect(error.message).toBe(`pull manifest team/app:1.2 from ${server.host}: ${status}`);
    expect(error.hint).toMatch(/\w+ \w+/);
  });

  it.each([
    ['DENIED', 'ERR_OCI_DENIED', 'ask for the permission'],
    ['denied', 'ERR_OCI_DENIED', 'ask for the permission'],
    ['UNAUTHORIZED', 'ERR_OCI_UNAUTHORIZED', 'docker login'],
    ['NAME_UNKNOWN', 'ERR_OCI_NOT_FOUND', 'check repository'],
  ])('with status 404 that says %s has code %s', async (said, code, hint) => {
    const server = await refusing(404, JSON.stringify({ errors: [{ code: 'X' }, { code: said, message: 'no' }] }));
    const client = clientFor(server.origin);
    const buffered = errorFromBytes(await client.requestBytes(get(server.origin, '/'), bound), 'pull', 'x');
    const streamed = await errorFromResponse(await client.request(get(server.origin, '/')), 'pull', 'x');
    for (const error of [buffered, streamed]) {
      expect(error).toMatchObject({ code, status: 404, hint: expect.stringContaining(hint) as string });
    }
  });

  it('says that TLS is wanted, where a registry says so to plain HTTP', async () => {
    const server = await refusing(400, 'Client sent an HTTP request to an HTTPS server.\n');
    const answer = await clientFor(server.origin).requestBytes(get(server.origin, '/'), bound);
    const { hint } = errorFromBytes(answer, 'pull', 'x');
    expect(hint).toContain(`${server.host} speaks TLS`);
    expect(hint).toContain('--ca-file');
  });

  it('repeats what the registry said', async () => {
    const body = '{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"},{"code":"X"}]}';
    const server = await refusing(403, body);
    const answer = await clientFor(server.origin).request(get(server.origin, '/'));
    const error = await errorFromResponse(answer, 'pull blob', 'team/app@sha256:1');
    expect(error.message).toBe(
      `pull blob team/app@sha256:1 from ${server.host}: 403 DENIED requested access to the resource is denied`,
    );
    expect(error.registryErrors.map(({ code }) => code)).toEqual(['DENIED', 'X']);
    expect(isClosed(answer.body)).toBe(true);
  });

  it('carries how long to wait', async () => {
    const server = await refusing(429, 'slow down', { 'Retry-After': '90' });
    const answer = await clientFor(server.origin).requestBytes(get(server.origin, '/'), bound);
    expect(errorFromBytes(answer, 'list', 'team/app')).toMatchObject({ retryAfterMs: 90_000 });
  });

  it('is made even when its explanation breaks off', async () => {
    const server = await startServer((_, response) => {
      response.writeHead(403, { 'Content-Length': '100' }).write('{"errors', () => response.destroy());
    });
    const answer = await clientFor(server.origin).request(get(server.origin, '/'));
    expect(await errorFromResponse(answer, 'pull', 'x')).toMatchObject({ code: 'ERR_OCI_DENIED', registryErrors: [] });
  });

  it('reads no more than its bound of a long explanation', async () => {
    const server = await refusing(500, 'x'.repeat(1_000_000));
    const answer = await clientFor(server.origin).request(get(server.origin, '/'));
    expect(await errorFromResponse(answer, 'pull', 'x', 100)).toMatchObject({ status: 500 });
    expect(isClosed(answer.body)).toBe(true);
  });
});
