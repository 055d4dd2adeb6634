import { nat, property, assert as propertyAssert, uint8Array } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../../src/oci/digest.js';
import { startRegistry } from '../../../src/testing/index.js';
import { parseContentRange, parseRange } from '../../../src/testing/range.js';
import { errorCode, pushBlob } from './http.js';

const bytes = Buffer.from('0123456789');
const path = `/v2/team/app/blobs/${digestOf(bytes)}`;

describe('a range of a blob', () => {
  test.each([
    ['bytes=2-4', 206, 'bytes 2-4/10', '234'],
    ['bytes=7-', 206, 'bytes 7-9/10', '789'],
    ['bytes=-3', 206, 'bytes 7-9/10', '789'],
    ['bytes=8-500', 206, 'bytes 8-9/10', '89'],
    ['bytes=0-1,4-5', 200, null, '0123456789'],
  ])('%s is answered with %i and %s', async (range, status, contentRange, body) => {
    await using registry = await startRegistry();
    await pushBlob(registry, 'team/app', bytes);
    const response = await fetch(registry.origin + path, { headers: { range } });
    expect([response.status, response.headers.get('content-range')]).toEqual([status, contentRange]);
    expect(await response.text()).toBe(body);
  });

  test.each(['bytes=10-', 'bytes=5-4', 'bytes=-0'])('%s is refused with 416', async (range) => {
    await using registry = await startRegistry();
    await pushBlob(registry, 'team/app', bytes);
    const response = await fetch(registry.origin + path, { headers: { range } });
    expect([response.status, response.headers.get('content-range')]).toEqual([416, 'bytes */10']);
    expect(await errorCode(response)).toBe('SIZE_INVALID');
  });

  test('is always a part of the blob, or none at all', () => {
    propertyAssert(
      property(uint8Array(), nat(40), nat(40), (whole, from, to) => {
        for (const header of [`bytes=${from}-${to}`, `bytes=${from}-`, `bytes=-${to}`]) {
          const range = parseRange(header, whole.length);
          if (range === 'unsatisfiable') continue;
          expect(range).toBeDefined();
          expect(range?.first).toBeGreaterThanOrEqual(0);
          expect(range?.last).toBeGreaterThanOrEqual(range?.first ?? NaN);
          expect(range?.last).toBeLessThan(whole.length);
        }
      }),
    );
  });

  test('is read from a chunk as it was written, with and without a unit', () => {
    propertyAssert(
      property(nat(), nat(), (first, last) => {
        expect(parseContentRange(`${first}-${last}`)).toEqual({ first, last });
        expect(parseContentRange(`bytes ${first}-${last}/*`)).toEqual({ first, last });
        expect(parseContentRange(`${first}-${last},`)).toBeUndefined();
      }),
    );
  });
});

test('HEAD says how long a blob is, whatever range is asked for, and sends nothing of it', async () => {
  await using registry = await startRegistry();
  await pushBlob(registry, 'team/app', bytes);
  const head = await fetch(registry.origin + path, { method: 'HEAD', headers: { range: 'bytes=2-4' } });
  expect([head.status, head.headers.get('content-length')]).toEqual([200, '10']);
  expect(await head.text()).toBe('');
});

test('an empty blob is a blob', async () => {
  await using registry = await startRegistry();
  const empty = new Uint8Array();
  expect((await pushBlob(registry, 'team/app', empty)).status).toBe(201);
  const read = await fetch(`${registry.origin}/v2/team/app/blobs/${digestOf(empty)}`);
  expect([read.status, read.headers.get('content-length')]).toEqual([200, '0']);
});

test('a deleted blob is gone', async () => {
  await using registry = await startRegistry();
  await pushBlob(registry, 'team/app', bytes);
  expect((await fetch(registry.origin + path, { method: 'DELETE' })).status).toBe(202);
  const gone = await fetch(registry.origin + path);
  expect([gone.status, await errorCode(gone)]).toEqual([404, 'BLOB_UNKNOWN']);
  expect((await fetch(registry.origin + path, { method: 'DELETE' })).status).toBe(404);
});

test('a blob that a test has corrupted is served as it is', async () => {
  await using registry = await startRegistry();
  await pushBlob(registry, 'team/app', bytes);
  registry.store.repository('team/app').blobs.set(digestOf(bytes), Buffer.from('x'));
  expect(await (await fetch(registry.origin + path)).text()).toBe('x');
});
