import { describe, expect, it } from 'vitest';
import { openUploadScene, type UploadScene } from './upload-scene.js';

const MiB = 1024 * 1024;
const cutting = { direction: 'up', afterBytes: 1_500_000, times: 8 } as const;
const large = { size: 9 * MiB, limits: { maxPutBytes: 1, maxChunkBytes: MiB, maxConnectionsPerHost: 1 } };

/** First and last byte of every chunk that was begun. */
function chunks(scene: UploadScene): { first: number; last: number }[] {
  return scene
    .calls()
    .filter((call) => call.startsWith('PATCH'))
    .map((call) => {
      const [first = Number.NaN, last = Number.NaN] = (call.split(' ')[1] ?? '').split('-').map(Number);
      return { first, last };
    });
}

describe('an upload over a line that breaks in the middle of chunks', () => {
  it.each(['a stream', 'bytes'])('arrives, and goes on where the registry stands (%s)', async (kind) => {
    const scene = await openUploadScene({ ...large, cutting });

    await scene.pusher.push(scene.blob, kind === 'bytes' ? scene.bytes : scene.open);

    expect(scene.hasArrived()).toBe(true);
    const sent = chunks(scene);
    const resumed = sent.filter(({ first }, index) => first <= (sent[index - 1]?.last ?? -1));
    expect(resumed.length).toBeGreaterThanOrEqual(3);
    for (const [index, { first }] of sent.entries()) {
      const before = sent[index - 1] ?? { first: 0, last: -1 };
      // Never before the chunk that broke off: what was answered is not sent twice.
      expect(first >= before.first && first <= before.last + 1).toBe(true);
    }
    expect(scene.calls().filter((call) => call.startsWith('POST'))).toHaveLength(1);
    expect(scene.opened()).toBe(kind === 'bytes' ? 0 : 1 + resumed.length);
  });

  it('is sent in smaller chunks where less than half of one arrives, since each break costs the rest', async () => {
    const scene = await openUploadScene({
      size: 24 * MiB,
      limits: { maxPutBytes: 1, maxChunkBytes: 16 * MiB, maxConnectionsPerHost: 1 },
      cutting: { direction: 'up', afterBytes: 300_000, times: 6 },
    });
    await scene.pusher.push(scene.blob, scene.open);
    expect(scene.hasArrived()).toBe(true);
    const sizes = chunks(scene).map(({ first, last }) => (last + 1 - first) / MiB);
    expect(sizes.slice(0, 4)).toEqual([16, 4, 1, 1]);
  });

  it('begins again where the registry has lost the session, and arrives', async () => {
    let left = 1;
    const scene = await openUploadScene({
      ...large,
      cutting: { ...cutting, times: 1 },
      registry: {
        rewrite: (request, answer) => {
          const isStatus = request.endpoint === 'upload' && request.method === 'GET';
          if (!isStatus || left-- <= 0) return answer;
          const body = Buffer.from('{"errors":[{"code":"BLOB_UPLOAD_INVALID","message":"blob upload invalid"}]}');
          return { status: 404, headers: { 'content-type': 'application/json' }, body };
        },
      },
    });
    await scene.pusher.push(scene.blob, scene.open);
    expect(scene.hasArrived()).toBe(true);
    expect(scene.calls().filter((call) => call.startsWith('POST'))).toHaveLength(2);
  });

  it('is given up, with a typed error, when no try brings anything, and cancelled', async () => {
    const scene = await openUploadScene({ cutting: { direction: 'up', afterBytes: 1_500, times: 1_000 } });
    await expect(scene.pusher.push(scene.blob, scene.open)).rejects.toMatchObject({ code: 'ERR_OCI_NETWORK' });
    expect(scene.hasArrived()).toBe(false);
  });

  it('turns to chunks when one PUT breaks off, and sends only what is missing', async () => {
    const scene = await openUploadScene({
      ...large,
      limits: { maxPutBytes: 10_000_000 },
      cutting: { ...cutting, times: 1 },
    });
    await scene.pusher.push(scene.blob, scene.open);
    expect(scene.hasArrived()).toBe(true);
    const [post, put, status, patch] = scene.calls();
    expect([post, put, status]).toEqual(['POST 202', 'PUT cut', 'GET 204']);
    expect(patch).toMatch(/^PATCH [1-9][0-9]+-[0-9]+ 202$/);
  });

  it('does not send a blob again whose PUT was answered by nobody, when the registry has it', async () => {
    let puts = 0;
    const scene = await openUploadScene({
      limits: { maxPutBytes: 10_000_000 },
      registry: {
        rewrite: (request, answer) => {
          if (request.method === 'PUT') {
            puts += 1;
            request.message.socket.destroy();
          }
          return answer;
        },
      },
    });
    await scene.pusher.push(scene.blob, scene.open);
    expect(scene.hasArrived()).toBe(true);
    expect(puts).toBe(1);
  });
});

describe('an upload whose session ended', () => {
  it('is done when the blob is there: only the answer to the last PUT was lost', async () => {
    const scene = await openUploadScene({
      registry: {
        rewrite: (request, answer) => {
          if (request.method === 'PUT' && answer.status === 201) request.message.socket.destroy();
          return answer;
        },
      },
    });
    await scene.pusher.push(scene.blob, scene.open);
    expect(scene.calls().filter((call) => call.startsWith('PATCH'))).toHaveLength(6);
    expect(scene.calls().filter((call) => call.startsWith('POST'))).toHaveLength(1);
  });

  it('for good is an error that does not say the blob or repository was not found', async () => {
    const scene = await openUploadScene({
      limits: { maxPutBytes: 10_000_000 },
      registry: {
        intercept: async (request, response) => {
          if (request.endpoint !== 'upload' || request.method === 'POST') return false;
          await request.message.toArray();
          response.writeHead(404).end();
          return true;
        },
      },
    });
    await expect(scene.pusher.push(scene.blob, scene.open)).rejects.toMatchObject({
      code: 'ERR_OCI_REGISTRY_STATUS',
      status: 404,
    });
    expect(scene.calls().filter((call) => call.startsWith('POST'))).toHaveLength(3);
  });
});

describe('giving up an upload', () => {
  it('ends with the reason of the signal, and cancels the session', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const scene = await openUploadScene({
      registry: {
        rewrite: (request, answer) => {
          if (request.method === 'PATCH') controller.abort(reason);
          return answer;
        },
      },
    });
    await expect(scene.pusher.push(scene.blob, scene.open, { signal: controller.signal })).rejects.toBe(reason);
    await expect.poll(() => scene.calls().at(-1)).toBe('DELETE 204');
  });

  it('keeps the first fault where the session cannot be cancelled', async () => {
    const scene = await openUploadScene({
      registry: {
        rewrite: (request, answer) => {
          if (request.endpoint === 'upload' && request.method === 'DELETE') return { status: 500, headers: {} };
          return request.method === 'PATCH' ? { status: 403, headers: {} } : answer;
        },
      },
    });
    await expect(scene.pusher.push(scene.blob, scene.open)).rejects.toMatchObject({ code: 'ERR_OCI_DENIED' });
  });
});
