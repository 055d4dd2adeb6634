import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { connect } from 'node:net';
import { TLSSocket } from 'node:tls';
import { array, constantFrom, property, assert as propertyAssert, string } from 'fast-check';
import { expect, test } from 'vitest';
import { buildArtifact, buildImage, startRegistry } from '../../../src/testing/index.js';
import { routeOf } from '../../../src/testing/route.js';
import { testCertificate } from './certificate.js';
import { errorCode } from './http.js';

const image = buildImage();

test('the base endpoint says that this is a registry', async () => {
  await using registry = await startRegistry();
  const response = await fetch(`${registry.origin}/v2/`);
  expect([response.status, response.headers.get('docker-distribution-api-version')]).toEqual([200, 'registry/2.0']);
});

test.each(['/', '/v1/', '/v2/_catalog', '/token', '/v2/team/app/manifests/%ff'])('%s is no route', async (path) => {
  await using registry = await startRegistry();
  const response = await fetch(registry.origin + path);
  expect([response.status, await response.text()]).toEqual([404, '404 page not found\n']);
});

test('a method an endpoint does not have is refused, and so is a name no repository can have', async () => {
  await using registry = await startRegistry();
  const posted = await fetch(`${registry.origin}/v2/team/app/manifests/1.0`, { method: 'POST' });
  expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD, PUT, DELETE']);
  const named = await fetch(`${registry.origin}/v2/Team/App/tags/list`);
  expect([named.status, await errorCode(named)]).toEqual([400, 'NAME_INVALID']);
});

test('every request is written down with what it was for and how it was answered', async () => {
  await using registry = await startRegistry();
  registry.store.add('team/app', image, { tag: '1.0' });
  await fetch(`${registry.origin}/v2/team/app/manifests/1.0`, {
    method: 'HEAD',
    headers: { Accept: 'application/json', authorization: 'Bearer t' },
  });
  await fetch(`${registry.origin}/v2/team/app/referrers/${image.descriptor.digest}?artifactType=a%2Bb`);
  expect(registry.requests).toMatchObject([
    {
      method: 'HEAD',
      path: '/v2/team/app/manifests/1.0',
      headers: { accept: 'application/json', authorization: 'Bearer t', host: registry.host },
      endpoint: 'manifest',
      repository: 'team/app',
      reference: '1.0',
      status: 200,
    },
    { method: 'GET', endpoint: 'referrers', reference: image.descriptor.digest, status: 200 },
  ]);
  expect(registry.requests[1]?.url).toContain('?artifactType=a%2Bb');
  expect(registry.requests[1]?.query.get('artifactType')).toBe('a+b');
  registry.clearRequests();
  expect(registry.requests).toEqual([]);
});

test('repositories may be named like parts of the API', () => {
  const words = constantFrom('blobs', 'uploads', 'manifests', 'tags', 'list', 'referrers', 'v2', 'app');
  const names = array(words, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
  propertyAssert(
    property(names, words, (repository, reference) => {
      expect(routeOf(`/v2/${repository}/manifests/${reference}`)).toEqual({
        endpoint: 'manifest',
        repository,
        reference,
      });
      expect(routeOf(`/v2/${repository}/blobs/sha256:0`)).toMatchObject({ endpoint: 'blob', repository });
      expect(routeOf(`/v2/${repository}/blobs/uploads/`)).toMatchObject({ endpoint: 'upload', repository });
      expect(routeOf(`/v2/${repository}/tags/list`)).toMatchObject({ endpoint: 'tags', repository });
    }),
  );
});

test('any path has a route, if only that to nowhere', () => {
  propertyAssert(
    property(string(), (path) => {
      expect(routeOf(path).endpoint).toBeDefined();
    }),
  );
});

test('intercept answers in place of the registry', async () => {
  await using registry = await startRegistry({
    intercept: (request, response) => {
      if (request.endpoint !== 'tags') return false;
      response.writeHead(429, { 'retry-after': '1' }).end();
      return true;
    },
  });
  expect((await fetch(`${registry.origin}/v2/`)).status).toBe(200);
  expect((await fetch(`${registry.origin}/v2/team/app/tags/list`)).status).toBe(429);
  expect(registry.requests.map((request) => request.status)).toEqual([200, 429]);
});

test('intercept can cut the connection, before an answer and in the middle of a body', async () => {
  await using registry = await startRegistry({
    intercept: ({ endpoint, message }, response) => {
      if (endpoint === 'base') message.socket.resetAndDestroy();
      else response.writeHead(200, { 'content-length': '10' }).write('12345', () => response.destroy());
      return true;
    },
  });
  await expect(fetch(`${registry.origin}/v2/`)).rejects.toThrow('fetch failed');
  const response = await fetch(`${registry.origin}/v2/team/app/tags/list`);
  await expect(response.text()).rejects.toThrow('terminated');
  expect(registry.requests.map((request) => request.status)).toEqual([undefined, 200]);
});

test('rewrite changes what the registry was about to answer', async () => {
  await using registry = await startRegistry({
    rewrite: (request, answer) => {
      if (request.endpoint !== 'referrers') return answer;
      return { ...answer, headers: { ...answer.headers, 'content-type': 'application/json' }, body: Buffer.from('{}') };
    },
  });
  const sbom = buildArtifact({ artifactType: 'a/b', subject: image.descriptor, content: 'x' });
  registry.store.add('team/app', sbom);
  const response = await fetch(`${registry.origin}/v2/team/app/referrers/${image.descriptor.digest}`);
  expect([response.headers.get('content-type'), response.headers.get('content-length')]).toEqual([
    'application/json',
    '2',
  ]);
  expect(await response.text()).toBe('{}');
});

test('hooks see what the registry holds', async () => {
  await using registry = await startRegistry({
    rewrite: ({ endpoint, reference = '' }, answer, store) => {
      const known = store.repository('team/app').manifests.has(reference);
      return endpoint === 'referrers' && !known ? { status: 400, headers: {} } : answer;
    },
  });
  const url = `${registry.origin}/v2/team/app/referrers/${image.descriptor.digest}`;
  expect((await fetch(url)).status).toBe(400);
  registry.store.add('team/app', image);
  expect((await fetch(url)).status).toBe(200);
});

test('a hook that throws is answered with 500 and does not end the registry', async () => {
  await using registry = await startRegistry({
    intercept: ({ endpoint }) => {
      if (endpoint === 'base') throw new Error('broken hook');
      return false;
    },
  });
  const response = await fetch(`${registry.origin}/v2/`);
  expect([response.status, await response.text()]).toEqual([500, expect.stringContaining('broken hook')]);
  expect((await fetch(`${registry.origin}/v2/team/app/tags/list`)).status).toBe(404);
});

test('a registry with a certificate speaks HTTPS and says so in its token realm', async () => {
  const auth = { type: 'bearer', username: 'user', password: 'secret' } as const;
  await using registry = await startRegistry({ tls: testCertificate, auth });
  const request = get(`${registry.origin}/v2/`, { rejectUnauthorized: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.resume();
  const { socket } = response;
  assert(socket instanceof TLSSocket);
  expect(socket.getPeerCertificate().fingerprint256).toBe(new X509Certificate(testCertificate.cert).fingerprint256);
  expect(response.headers['www-authenticate']).toContain(`realm="https://${registry.host}/token"`);
});

test('close ends connections that are idle, and those that wait for an answer', async () => {
  const arrived = new EventEmitter();
  const registry = await startRegistry({ intercept: () => arrived.emit('request') });
  const idle = connect(Number(new URL(registry.origin).port), '127.0.0.1');
  await once(idle, 'connect');
  const reached = once(arrived, 'request');
  const waiting = expect(fetch(`${registry.origin}/v2/`)).rejects.toThrow('fetch failed');
  await reached;
  const ended = once(idle, 'close');
  await registry.close();
  await waiting;
  await ended;
  await registry.close();
  await expect(fetch(`${registry.origin}/v2/`)).rejects.toThrow('fetch failed');
});
