import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { bound, clientFor, get, quickRetry, startServer } from './support.js';

const half = (response: ServerResponse, status: number, headers: Record<string, string> = {}): void => {
  response.writeHead(status, { ...headers, 'content-length': '100' }).write('x'.repeat(50));
};

describe('a body that nobody wants', () => {
  it('of a redirect is left after a second when it does not end, and the redirect is followed', async () => {
    const server = await startServer(({ path }, response) => {
      if (path === '/from') half(response, 307, { location: '/to' });
      else response.end('here');
    });
    const answer = await clientFor(server.origin).requestBytes(get(server.origin, '/from'), bound);
    expect(answer.bytes.toString()).toBe('here');
  });

  it('of an answer that is asked for again is left too', async () => {
    const server = await startServer((_, response, count) => {
      if (count === 1) half(response, 503);
      else response.end('here');
    });
    const { body } = await clientFor(server.origin, { retry: quickRetry }).request(get(server.origin, '/'));
    expect((await body.collect(100)).bytes.toString()).toBe('here');
  });
});

describe('a body that nobody has read yet', () => {
  it('is held back at the registry, however long it is', async () => {
    let finished = false;
    const server = await startServer((_, response) => {
      response.once('finish', () => {
        finished = true;
      });
      for (let piece = 0; piece < 64; piece++) response.write(Buffer.alloc(1024 * 1024));
      response.end();
    });
    const { body } = await clientFor(server.origin).request(get(server.origin, '/', { kind: 'blob' }));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(finished).toBe(false);
    let size = 0;
    for await (const chunk of body.open() as AsyncIterable<Buffer>) size += chunk.length;
    expect(size).toBe(64 * 1024 * 1024);
  });

  it('breaks its connection off when it is left', async () => {
    const server = await startServer((_, response) => {
      half(response, 200);
    });
    const closed = once(server.server, 'connection').then(([socket]) => once(socket as NodeJS.EventEmitter, 'close'));
    const { body } = await clientFor(server.origin).request(get(server.origin, '/', { kind: 'blob' }));
    body.destroy();
    await closed;
    await expect(body.collect(100)).rejects.toMatchObject({ code: 'ERR_OCI_NETWORK' });
  });
});

describe('a blob that is read whole', () => {
  it('fails when it stalls for a window, and whoever opens it then is told the same', async () => {
    const server = await startServer((_, response) => {
      half(response, 200);
    });
    const timeouts = { blobWindowMs: 100, minBlobBytesPerWindow: 60 };
    const { body } = await clientFor(server.origin, { timeouts }).request(get(server.origin, '/', { kind: 'blob' }));
    const stalled = { code: 'ERR_OCI_TIMEOUT', message: expect.stringContaining('blobWindowMs (100 ms)') as string };
    await expect(body.collect(100)).rejects.toMatchObject(stalled);
    await expect(body.open().toArray()).rejects.toMatchObject(stalled);
  });

  it('may take as long as it keeps moving', async () => {
    const server = await startServer((_, response) => {
      response.writeHead(200, { 'content-length': '6' });
      let sent = 0;
      const timer = setInterval(() => {
        response.write('x');
        if (++sent === 6) clearInterval(timer);
      }, 60);
    });
    const timeouts = { requestMs: 200, blobWindowMs: 150, minBlobBytesPerWindow: 1 };
    const { body } = await clientFor(server.origin, { timeouts }).request(get(server.origin, '/', { kind: 'blob' }));
    expect((await body.collect(6)).bytes.toString()).toBe('xxxxxx');
  });
});

describe('what announces an answer', () => {
  it('is not taken for it', async () => {
    const server = await startServer((_, response) => {
      response.writeEarlyHints({ link: '</style.css>; rel=preload' }, () => response.end('here'));
    });
    const answer = await clientFor(server.origin).requestBytes(get(server.origin, '/'), bound);
    expect([answer.status, answer.headers.get('link'), answer.bytes.toString()]).toEqual([200, undefined, 'here']);
  });
});
