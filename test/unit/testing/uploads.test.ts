import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { digestOf } from '../../../src/oci/digest.js';
import { startRegistry } from '../../../src/testing/index.js';
import { errorCode, locationOf, openUpload, pushBlob, withDigest } from './http.js';

const bytes = Buffer.from('some bytes of a blob');
const digest = digestOf(bytes);

test('a blob pushed in a single POST can be read where Location says', async () => {
  await using registry = await startRegistry();
  const pushed = await pushBlob(registry, 'team/app', bytes);
  expect(pushed.status).toBe(201);
  expect(pushed.headers.get('docker-content-digest')).toBe(digest);
  const read = await fetch(locationOf(registry, pushed));
  expect(read.headers.get('docker-content-digest')).toBe(digest);
  expect(Buffer.from(await read.arrayBuffer())).toEqual(bytes);
});

test.each(['sha256', 'sha512'] as const)('a blob pushed by POST and PUT is checked with %s', async (algorithm) => {
  await using registry = await startRegistry();
  const url = withDigest(await openUpload(registry, 'team/app'), digestOf(bytes, algorithm));
  const pushed = await fetch(url, { method: 'PUT', body: bytes });
  expect(pushed.status).toBe(201);
  expect(registry.store.repository('team/app').blobs.get(digestOf(bytes, algorithm))).toEqual(bytes);
});

test('a blob pushed in chunks tells after each one how far it is', async () => {
  await using registry = await startRegistry();
  const url = await openUpload(registry, 'team/app');
  const first = await fetch(url, {
    method: 'PATCH',
    headers: { 'content-range': '0-4' },
    body: bytes.subarray(0, 5),
  });
  expect([first.status, first.headers.get('range')]).toEqual([202, '0-4']);
  const status = await fetch(locationOf(registry, first));
  expect([status.status, status.headers.get('range')]).toEqual([204, '0-4']);
  const rest = await fetch(locationOf(registry, status), {
    method: 'PATCH',
    headers: { 'content-range': `5-${bytes.length - 1}` },
    body: bytes.subarray(5),
  });
  const ended = await fetch(withDigest(locationOf(registry, rest), digest), { method: 'PUT' });
  expect(ended.status).toBe(201);
  expect(registry.store.repository('team/app').blobs.get(digest)).toEqual(bytes);
});

test.each(['7-11', '0-4', '5-3', 'all of it'])('a chunk %s that does not follow is refused with 416', async (range) => {
  await using registry = await startRegistry();
  const url = await openUpload(registry, 'team/app');
  await fetch(url, { method: 'PATCH', body: bytes.subarray(0, 5) });
  const wrong = await fetch(url, { method: 'PATCH', headers: { 'content-range': range }, body: bytes.subarray(5, 10) });
  expect(wrong.status).toBe(416);
  expect(wrong.headers.get('range')).toBe('0-4');
  const ended = await fetch(withDigest(locationOf(registry, wrong), digest), {
    method: 'PUT',
    body: bytes.subarray(5),
  });
  expect(ended.status).toBe(201);
});

test('an upload under the wrong digest is refused and leaves nothing behind', async () => {
  await using registry = await startRegistry();
  const url = withDigest(await openUpload(registry, 'team/app'), digestOf(Buffer.from('other bytes')));
  const refused = await fetch(url, { method: 'PUT', body: bytes });
  expect([refused.status, await errorCode(refused)]).toEqual([400, 'DIGEST_INVALID']);
  expect(registry.store.repository('team/app').blobs.size).toBe(0);
  expect((await fetch(url, { method: 'PUT', body: bytes })).status).toBe(404);
});

test('an upload that is cancelled is unknown afterwards', async () => {
  await using registry = await startRegistry();
  const url = await openUpload(registry, 'team/app');
  expect((await fetch(url, { method: 'DELETE' })).status).toBe(204);
  const gone = await fetch(url);
  expect([gone.status, await errorCode(gone)]).toEqual([404, 'BLOB_UPLOAD_UNKNOWN']);
});

test('an upload cannot be continued from another repository', async () => {
  await using registry = await startRegistry();
  const url = await openUpload(registry, 'team/app');
  const elsewhere = new URL(url.href.replace('team/app', 'team/other'));
  expect((await fetch(elsewhere, { method: 'PATCH', body: bytes })).status).toBe(404);
});

test('what came before a connection broke is kept, so that the client can go on from there', async () => {
  await using registry = await startRegistry();
  const url = await openUpload(registry, 'team/app');
  const socket = connect(Number(url.port), url.hostname);
  socket.write(`PATCH ${url.pathname} HTTP/1.1\r\nhost: ${url.host}\r\ncontent-length: ${bytes.length}\r\n\r\n`);
  socket.write(bytes.subarray(0, 5));
  await expect.poll(async () => (await fetch(url)).headers.get('range'), { interval: 5 }).toBe('0-4');
  socket.destroy();
  const ended = await fetch(withDigest(url, digest), { method: 'PUT', body: bytes.subarray(5) });
  expect(ended.status).toBe(201);
});

test('a blob is mounted from another repository, and an upload begins where that one does not have it', async () => {
  await using registry = await startRegistry();
  await pushBlob(registry, 'team/base', bytes);
  const uploads = `${registry.origin}/v2/team/app/blobs/uploads/`;
  const missing = await fetch(`${uploads}?mount=${digest}&from=team/empty`, { method: 'POST' });
  expect(missing.status).toBe(202);
  expect(missing.headers.get('location')).toContain('/blobs/uploads/');
  const mounted = await fetch(`${uploads}?mount=${digest}&from=team/base`, { method: 'POST' });
  expect(mounted.status).toBe(201);
  expect(registry.store.repository('team/app').blobs.get(digest)).toEqual(bytes);
});

test('a mount without a source finds the blob in any repository', async () => {
  await using registry = await startRegistry();
  await pushBlob(registry, 'team/base', bytes);
  const mounted = await fetch(`${registry.origin}/v2/team/app/blobs/uploads/?mount=${digest}`, { method: 'POST' });
  expect(mounted.status).toBe(201);
});
