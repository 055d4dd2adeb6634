import { Readable } from 'node:stream';
import type { InterceptedRequest, RegistryAnswer, TestRegistryOptions } from '@stellaops/oci-referrers/testing';
import { startRegistry } from '@stellaops/oci-referrers/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseReceived } from '../../../src/remotes/upload-session.js';
import { chunkBytes, openUploadScene } from './upload-scene.js';

const MiB = 1024 * 1024;

/** A registry that answers chunks differently. */
function onPatch(change: (answer: RegistryAnswer, request: InterceptedRequest) => RegistryAnswer): TestRegistryOptions {
  return { rewrite: (request, answer) => (request.method === 'PATCH' ? change(answer, request) : answer) };
}

const withRange = (answer: RegistryAnswer, range: string): RegistryAnswer => ({
  ...answer,
  headers: { ...answer.headers, range },
});

describe('a blob that is larger than one PUT may be', () => {
  it('is sent in chunks, in order, and ended with a PUT without a body; its content is opened once', async () => {
    const scene = await openUploadScene({ size: 2 * chunkBytes + 5 });
    expect(await scene.pusher.push(scene.blob, scene.open)).toMatchObject({ uploaded: true });
    expect(scene.calls()).toEqual([
      'POST 202',
      'PATCH 0-65535 202',
      'PATCH 65536-131071 202',
      'PATCH 131072-131076 202',
      'PUT 201',
    ]);
    expect(scene.opened()).toBe(1);
    expect(scene.hasArrived()).toBe(true);
  });

  it('follows the Location of every answer, to the letter', async () => {
    let count = 0;
    const scene = await openUploadScene({
      registry: {
        rewrite: (request, answer) => {
          const location = answer.headers['location'];
          if (request.endpoint !== 'upload' || typeof location !== 'string') return answer;
          return { ...answer, headers: { ...answer.headers, location: `${location}?_state=a%2F${++count}` } };
        },
      },
    });
    await scene.pusher.push(scene.blob, scene.open);
    const states = scene.registry.requests
      .filter(({ endpoint, method }) => endpoint === 'upload' && method !== 'POST')
      .map(({ url }) => /_state=(a%2F\d)/.exec(url)?.[1]);
    expect(states).toEqual([1, 2, 3, 4, 5, 6, 7].map((number) => `a%2F${number}`));
  });

  it('has chunks as large as the registry wants them', async () => {
    const scene = await openUploadScene({
      registry: {
        rewrite: (request, answer) =>
          request.method === 'POST'
            ? { ...answer, headers: { ...answer.headers, 'OCI-Chunk-Min-Length': '200000' } }
            : answer,
      },
    });
    await scene.pusher.push(scene.blob, scene.open);
    expect(scene.calls().slice(1, -1)).toEqual(['PATCH 0-199999 202', 'PATCH 200000-327779 202']);
  });

  it.each([
    ['at once', 4],
    ['in the middle of an upload, and says nothing about how it stands', 8],
  ])('is sent in smaller chunks to a registry that refuses large ones (GHCR: 4 MiB) %s', async (_, firstMiB) => {
    let received = 0;
    const scene = await openUploadScene({
      size: 14 * MiB,
      limits: { maxChunkBytes: 8 * MiB },
      registry: {
        intercept: async (request, response) => {
          const isStatus = request.endpoint === 'upload' && request.method === 'GET';
          const isLarge = Number(request.headers['content-length']) > (received === 0 ? firstMiB : 4) * MiB;
          if (!isStatus && (request.method !== 'PATCH' || !isLarge)) {
            if (request.method === 'PATCH') received += 1;
            return false;
          }
          await request.message.toArray();
          response.writeHead(isStatus ? 405 : 416).end();
          return true;
        },
      },
    });
    await scene.pusher.push(scene.blob, scene.open);
    expect(scene.hasArrived()).toBe(true);
    expect(scene.calls().filter((call) => call.startsWith('POST'))).toHaveLength(1);
    expect(scene.calls().some((call) => call.endsWith('416'))).toBe(true);
  });

  it.each([400, 404, 405, 501])('goes whole where a chunk is refused with %i, and so does the next', async (status) => {
    const refuse = { status, headers: {} };
    const scene = await openUploadScene({ registry: onPatch(() => refuse) });
    await scene.pusher.push(scene.blob, scene.open);
    expect(scene.calls()).toEqual(['POST 202', `PATCH 0-65535 ${status}`, 'DELETE 204', 'POST 202', 'PUT 201']);
    expect(scene.hasArrived()).toBe(true);
    scene.registry.store.repository('team/app').blobs.delete(scene.blob.digest);
    scene.registry.clearRequests();
    await scene.pusher.push(scene.blob, scene.open);
    expect(scene.calls()).toEqual(['POST 202', 'PUT 201']);
  });

  it('arrives at a registry that answers chunks with 201 and a Range that stands still (ECR)', async () => {
    const scene = await openUploadScene({
      registry: onPatch((answer) => ({ ...withRange(answer, '0-65535'), status: 201 })),
    });
    await scene.pusher.push(scene.blob, scene.open);
    expect(scene.calls().filter((call) => !call.endsWith('201'))).toEqual(['POST 202']);
    expect(scene.hasArrived()).toBe(true);
  });

  it('goes on from what a registry kept of a chunk', async () => {
    let isFirst = true;
    const scene = await openUploadScene({
      registry: {
        intercept: async (request, response) => {
          if (request.method !== 'PATCH' || !isFirst) return false;
          isFirst = false;
          await request.message.toArray();
          response.writeHead(202, { location: request.url, range: '0-0' }).end();
          return true;
        },
      },
    });
    await scene.pusher.push(scene.blob, scene.open);
    expect(scene.calls().slice(1, 4)).toEqual(['PATCH 0-65535 202', 'GET 204', 'PATCH 0-65535 202']);
    expect(scene.hasArrived()).toBe(true);
  });

  it.each([429, 503])('is sent again after %i as the policy says, without a byte twice', async (status) => {
    let refusals = 2;
    const scene = await openUploadScene({
      registry: {
        intercept: async (request, response) => {
          if (request.method !== 'PATCH' || refusals-- <= 0) return false;
          await request.message.toArray();
          response.writeHead(status).end();
          return true;
        },
      },
    });
    await scene.pusher.push(scene.blob, scene.open);
    expect(scene.hasArrived()).toBe(true);
    expect(scene.calls().filter((call) => call.startsWith('PATCH 0-'))).toHaveLength(3);
  });
});

describe('a registry that says nonsense about an upload', () => {
  /** Takes chunks, drops them, and says that it has so many bytes. */
  const dropping = (received: (count: number) => string): TestRegistryOptions => {
    let count = 0;
    return {
      intercept: async (request, response) => {
        if (request.endpoint !== 'upload' || !['PATCH', 'GET'].includes(request.method)) return false;
        await request.message.toArray();
        if (request.method === 'PATCH') count += 1;
        const head = { location: request.url, range: received(count) };
        response.writeHead(request.method === 'PATCH' ? 202 : 204, head).end();
        return true;
      },
    };
  };

  it.each<[string, (count: number) => string]>([
    ['stops having more than before', () => '0-65535'],
    ['takes a byte of each chunk', (count) => `0-${65_535 + count}`],
    ['has more than it was sent', () => '0-999999999'],
    ['has lost what it had', (count) => (count === 1 ? '0-65535' : '0-100')],
  ])('and %s ends in a typed error, after a bounded number of requests', async (_, received) => {
    const scene = await openUploadScene({ registry: dropping(received) });
    await expect(scene.pusher.push(scene.blob, scene.open)).rejects.toMatchObject({ code: 'ERR_OCI_BAD_HEADER' });
    expect(scene.calls().length).toBeLessThan(12);
    expect(scene.calls().at(-1)).toBe('DELETE 204');
  });

  it('and never has anything of a chunk gets the blob whole', async () => {
    const scene = await openUploadScene({ registry: dropping(() => '0-0') });
    await scene.pusher.push(scene.blob, scene.open);
    expect(scene.calls().slice(-2)).toEqual(['POST 202', 'PUT 201']);
    expect(scene.hasArrived()).toBe(true);
  });

  it('and sends the upload to plain HTTP elsewhere gets no credential there, and nothing is deleted there', async () => {
    await using other = await startRegistry();
    const scene = await openUploadScene({
      registry: onPatch((answer) => ({
        ...answer,
        headers: { ...answer.headers, location: `${other.origin}/v2/a/b` },
      })),
    });
    await expect(scene.pusher.push(scene.blob, scene.open)).rejects.toMatchObject({ name: 'RegistryError' });
    expect(other.requests.length).toBeGreaterThan(0);
    for (const request of other.requests) {
      expect(request.headers).not.toHaveProperty('authorization');
      expect(request.method).not.toBe('DELETE');
    }
  });
});

describe('content that is not the blob', () => {
  it.each([
    ['too short', (bytes: Buffer) => bytes.subarray(1), 'ERR_OCI_SIZE_MISMATCH'],
    ['too long', (bytes: Buffer) => Buffer.concat([bytes, bytes]), 'ERR_OCI_SIZE_MISMATCH'],
    ['other bytes', (bytes: Buffer) => Buffer.alloc(bytes.length), 'ERR_OCI_DIGEST_MISMATCH'],
  ])('because it is %s never arrives whole, in chunks or in one PUT', async (_, spoil, code) => {
    for (const maxPutBytes of [1, 10_000_000]) {
      const scene = await openUploadScene({ limits: { maxPutBytes } });
      const content = (): Readable => Readable.from([spoil(scene.bytes)], { objectMode: false });
      await expect(scene.pusher.push(scene.blob, content)).rejects.toMatchObject({ code });
      expect(scene.hasArrived()).toBe(false);
    }
  });

  it('because it cannot be read ends in its own error', async () => {
    const scene = await openUploadScene();
    const broken = new Error('disk');
    const content = (): Readable =>
      new Readable({
        read(): void {
          this.destroy(broken);
        },
      });
    await expect(scene.pusher.push(scene.blob, content)).rejects.toBe(broken);
  });
});

describe('an empty blob', () => {
  it.each(['a stream', 'bytes'])('is uploaded from %s', async (kind) => {
    const scene = await openUploadScene({ size: 0 });
    await scene.pusher.push(scene.blob, kind === 'bytes' ? scene.bytes : scene.open);
    expect(scene.hasArrived()).toBe(true);
  });
});

describe('the Range of an upload', () => {
  it('is read in every form registries use, and nothing else is taken for one', () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom('', 'bytes=', 'bytes ', 'bytes:'), (last, unit) => {
        expect(parseReceived(`${unit}0-${last}`)).toBe(last + 1);
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        const received = parseReceived(text);
        expect(received === undefined || (Number.isSafeInteger(received) && received >= 0)).toBe(true);
      }),
    );
    expect(parseReceived('0--1')).toBe(0);
    for (const text of ['', '1-5', '0-', '0-1-2', '0-1e5', 'bytes=5-9', '0-99999999999999999999']) {
      expect(parseReceived(text)).toBeUndefined();
    }
  });
});
