import { getEventListeners } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { withDeadline } from '../../../src/content/abort.js';
import { bound, clientFor, get, startServer } from './support.js';

const timeout = { code: 'ERR_OCI_TIMEOUT', name: 'TransportError' };

describe('a metadata request', () => {
  it('fails when no answer comes in time, and names the option', async () => {
    const server = await startServer(() => undefined);
    const call = clientFor(server.origin, { timeouts: { requestMs: 100 } }).requestBytes(
      get(server.origin, '/'),
      bound,
    );
    await expect(call).rejects.toMatchObject({
      ...timeout,
      message: expect.stringContaining('timeouts.requestMs (100 ms)') as string,
      hint: expect.any(String) as string,
    });
  });

  it('fails when its body drips', async () => {
    const server = await startServer((_, response) => {
      response.writeHead(200, { 'Content-Length': '100000' });
      const drip = setInterval(() => response.write('x'), 10);
      response.on('close', () => {
        clearInterval(drip);
      });
    });
    const call = clientFor(server.origin, { timeouts: { requestMs: 200 } }).requestBytes(
      get(server.origin, '/'),
      bound,
    );
    await expect(call).rejects.toMatchObject(timeout);
  });

  it('fails when it waits for a connection that an unread body occupies', async () => {
    const server = await startServer(({ path }, response) =>
      response.end('x'.repeat(path === '/blob' ? 5_000_000 : 1)),
    );
    const client = clientFor(server.origin, { timeouts: { requestMs: 400 }, limits: { maxConnectionsPerHost: 1 } });
    const unread = await client.request(get(server.origin, '/blob', { kind: 'blob' }));
    await expect(client.requestBytes(get(server.origin, '/'), bound)).rejects.toMatchObject(timeout);
    unread.body.destroy();
    expect((await client.requestBytes(get(server.origin, '/'), bound)).status).toBe(200);
  });

  it('fails while its body is streamed to the caller', async () => {
    const server = await startServer((_, response) => response.writeHead(200).write('begin'));
    const answer = await clientFor(server.origin, { timeouts: { requestMs: 150 } }).request(get(server.origin, '/'));
    await expect(answer.body.open().toArray()).rejects.toMatchObject(timeout);
  });

  it('is not sent again after its deadline', async () => {
    const server = await startServer(() => undefined);
    const retry = { maxRetries: 3, baseDelayMs: 1, maxDelayMs: 1, maxRetryAfterMs: 1 };
    const client = clientFor(server.origin, { retry, timeouts: { requestMs: 80 } });
    await expect(client.requestBytes(get(server.origin, '/'), bound)).rejects.toMatchObject(timeout);
    expect(server.seen).toHaveLength(1);
  });

  it('leaves no timer behind', async () => {
    const server = await startServer((_, response) => response.end('ok'));
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const client = clientFor(server.origin);
    await client.requestBytes(get(server.origin, '/'), bound);
    const before = timers();
    for (let round = 0; round < 5; round++) await client.requestBytes(get(server.origin, '/'), bound);
    expect(timers()).toBeLessThanOrEqual(before);
  });
});

describe('a caller that gives up', () => {
  it('gets its own reason back from each of many calls, and no warning of leaking listeners', async () => {
    const server = await startServer(() => undefined);
    const caller = new AbortController();
    const reason = new Error('enough');
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    onTestFinished(() => void process.off('warning', onWarning));
    const request = get(server.origin, '/', { signal: caller.signal });
    const client = clientFor(server.origin);
    const calls = Array.from({ length: 20 }, async () => await client.requestBytes(request, bound));
    server.server.once('request', () => {
      caller.abort(reason);
    });
    const results = await Promise.allSettled(calls);
    expect(results.map((result) => result.status === 'rejected' && result.reason === reason)).not.toContain(false);
    expect(warnings).toEqual([]);
  });

  it('is listened to once by however many calls and deadlines, and by none when they are over', async () => {
    const caller = new AbortController();
    const listeners = (): number => getEventListeners(caller.signal, 'abort').length;
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    const late = (): Error => new Error('late');
    const calls = Array.from({ length: 20 }, () => withDeadline(10_000, caller.signal, late, () => opened));
    expect(listeners()).toBe(1);
    open();
    await Promise.all(calls);
    expect(listeners()).toBe(0);
  });

  it('gets its own reason back while waiting for an answer', async () => {
    const server = await startServer(() => undefined);
    const caller = new AbortController();
    const reason = { any: 'value' };
    server.server.once('request', () => {
      caller.abort(reason);
    });
    const call = clientFor(server.origin).requestBytes(get(server.origin, '/', { signal: caller.signal }), bound);
    await expect(call).rejects.toBe(reason);
  });

  it('gets its own reason back while a body is on its way', async () => {
    const server = await startServer((_, response) => response.writeHead(200).write('begin'));
    const caller = new AbortController();
    const answer = await clientFor(server.origin).request(
      get(server.origin, '/', { signal: caller.signal, kind: 'blob' }),
    );
    const reason = new Error('enough');
    const reading = answer.body.open().toArray();
    caller.abort(reason);
    await expect(reading).rejects.toBe(reason);
  });

  it('before the call sends nothing', async () => {
    const server = await startServer((_, response) => response.end());
    const signal = AbortSignal.abort(new Error('before'));
    await expect(clientFor(server.origin).requestBytes(get(server.origin, '/', { signal }), bound)).rejects.toThrow(
      'before',
    );
    expect(server.seen).toHaveLength(0);
  });
});

describe('a blob', () => {
  const timeouts = { blobWindowMs: 150, minBlobBytesPerWindow: 1_000 };

  it('that stalls fails, and names the options', async () => {
    const server = await startServer((_, response) => response.writeHead(200).write('x'.repeat(5_000)));
    const answer = await clientFor(server.origin, { timeouts }).request(get(server.origin, '/', { kind: 'blob' }));
    await expect(answer.body.open().toArray()).rejects.toMatchObject({
      ...timeout,
      message: expect.stringContaining('timeouts.blobWindowMs (150 ms)') as string,
    });
  });

  it('that never gets an answer fails', async () => {
    const server = await startServer(() => undefined);
    const call = clientFor(server.origin, { timeouts: { blobWindowMs: 150 } }).request(
      get(server.origin, '/', { kind: 'blob' }),
    );
    await expect(call).rejects.toMatchObject(timeout);
  });

  it('that keeps moving may take longer than any window', async () => {
    const server = await startServer((_, response) => {
      let left = 12;
      const feed = setInterval(() => {
        response.write('x'.repeat(2_000));
        if (--left > 0) return;
        clearInterval(feed);
        response.end();
      }, 40);
    });
    const client = clientFor(server.origin, { timeouts: { ...timeouts, requestMs: 100 } });
    const answer = await client.request(get(server.origin, '/', { kind: 'blob' }));
    expect(Buffer.concat(await answer.body.open().toArray())).toHaveLength(24_000);
  });

  it('that its reader takes slowly is not the fault of the network', async () => {
    const server = await startServer((_, response) => response.end('x'.repeat(400_000)));
    const answer = await clientFor(server.origin, { timeouts }).request(get(server.origin, '/', { kind: 'blob' }));
    let size = 0;
    for await (const chunk of answer.body.open() as AsyncIterable<Buffer>) {
      if (size === 0) await new Promise((resolve) => setTimeout(resolve, 400));
      size += chunk.length;
    }
    expect(size).toBe(400_000);
  });

  it('whose upload the registry does not take fails', async () => {
    const sockets = new Set<Socket>();
    const deaf = createServer((socket) => {
      sockets.add(socket.on('error', () => undefined));
      socket.pause();
    });
    await new Promise<void>((resolve) => deaf.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      deaf.close();
    });
    const origin = `http://127.0.0.1:${(deaf.address() as AddressInfo).port}`;
    const body = Buffer.alloc(64 * 1024);
    const { Readable } = await import('node:stream');
    const request = get(origin, '/', {
      method: 'PUT',
      kind: 'blob',
      bodySize: 1_000 * body.length,
      body: () => Readable.from(Array.from({ length: 1_000 }, () => body)),
    });
    await expect(clientFor(origin, { timeouts }).requestBytes(request, bound)).rejects.toMatchObject(timeout);
  });
});

describe('a client that is closed', () => {
  it('ends what is under way and takes nothing new', async () => {
    const server = await startServer(() => undefined);
    const client = clientFor(server.origin);
    const arrived = new Promise((resolve) => server.server.once('request', resolve));
    const call = client.requestBytes(get(server.origin, '/'), bound);
    await Promise.all([
      expect(call).rejects.toMatchObject({ code: 'ERR_OCI_CLOSED' }),
      arrived.then(async () => {
        await client.close();
      }),
    ]);
    await expect(client.request(get(server.origin, '/'))).rejects.toMatchObject({ code: 'ERR_OCI_CLOSED' });
  });
});
