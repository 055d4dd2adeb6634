import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { describe, expect, it, onTestFinished } from 'vitest';
import { openUploadScene, type UploadScene } from './upload-scene.js';

const aim = '/v2/somebody/else/manifests/latest';

/** A store that a registry sends its uploads to, and that answers with a Location back at the registry. */
async function startStore(): Promise<{ origin: string; methods: string[]; registry: { origin: string } }> {
  const registry = { origin: '' };
  const methods: string[] = [];
  const server = createServer((request, response) => {
    methods.push(request.method ?? '');
    request.resume().once('end', () => {
      const status = request.method === 'GET' ? 204 : 202;
      response.writeHead(status, { location: `${registry.origin}${aim}`, range: '0-65535' }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, methods, registry };
}

const callsAt = ({ registry }: UploadScene, path: string): string[] =>
  registry.requests.filter(({ url }) => url.startsWith(path)).map(({ method }) => method);

describe('an upload that goes to another origin', () => {
  it.each(['POST', 'PATCH'])(
    'from the answer to %s on does not come home to where that origin says',
    async (method) => {
      const store = await startStore();
      const scene = await openUploadScene({
        registry: {
          rewrite: (request, answer) =>
            request.endpoint === 'upload' && request.method === method
              ? { ...answer, headers: { ...answer.headers, location: `${store.origin}/up` } }
              : answer,
        },
      });
      store.registry.origin = scene.registry.origin;
      await expect(scene.pusher.push(scene.blob, scene.open)).rejects.toMatchObject({ code: 'ERR_OCI_BAD_HEADER' });
      expect(store.methods).toEqual(['PATCH']);
      expect(callsAt(scene, aim)).toEqual([]);
    },
  );

  it('when it is asked how it stands does not come home to where that origin says', async () => {
    const store = await startStore();
    let patches = 0;
    const scene = await openUploadScene({
      registry: {
        rewrite: (request, answer) => {
          if (request.endpoint !== 'upload') return answer;
          if (request.method === 'PATCH' && ++patches === 2) return { status: 500, headers: {} };
          return request.method === 'GET' ? { status: 307, headers: { location: `${store.origin}/up` } } : answer;
        },
      },
    });
    store.registry.origin = scene.registry.origin;
    await expect(scene.pusher.push(scene.blob, scene.open)).rejects.toMatchObject({ code: 'ERR_OCI_BAD_HEADER' });
    expect(store.methods).toEqual(['GET']);
    expect(callsAt(scene, aim)).toEqual([]);
  });
});
