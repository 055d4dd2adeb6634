import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { Logger } from '../../../src/telemetry/logger.js';
import { bound, clientFor, get, quickRetry, silent, startServer } from './support.js';

const retry = quickRetry;

describe('a request that failed', () => {
  it.each([408, 429, 500, 502, 503, 504])('with %i is sent again until it works', async (status) => {
    const server = await startServer((_, response, count) => response.writeHead(count < 3 ? status : 200).end('body'));
    const answer = await clientFor(server.origin, { retry }).requestBytes(get(server.origin, '/'), bound);
    expect(answer.status).toBe(200);
    expect(server.seen).toHaveLength(3);
  });

  it.each([400, 401, 403, 404, 405, 501])('with %i is not sent again', async (status) => {
    const server = await startServer((_, response) => response.writeHead(status).end());
    const answer = await clientFor(server.origin, { retry }).requestBytes(get(server.origin, '/'), bound);
    expect(answer.status).toBe(status);
    expect(server.seen).toHaveLength(1);
  });

  it('gives back the last answer when the retries are used up', async () => {
    const server = await startServer((_, response) => response.writeHead(503).end('busy'));
    const answer = await clientFor(server.origin, { retry }).requestBytes(get(server.origin, '/'), bound);
    expect(answer.status).toBe(503);
    expect(answer.bytes.toString()).toBe('busy');
    expect(server.seen).toHaveLength(1 + retry.maxRetries);
  });

  it('because the connection broke is sent again', async () => {
    const server = await startServer((_, response, count) => {
      if (count === 1) response.destroy();
      else response.end('whole');
    });
    const answer = await clientFor(server.origin, { retry }).requestBytes(get(server.origin, '/'), bound);
    expect(answer.bytes.toString()).toBe('whole');
  });

  it('because its body broke off is sent again', async () => {
    const server = await startServer((_, response, count) => {
      response.writeHead(200, { 'Content-Length': '5' });
      if (count === 1) response.write('wh', () => response.destroy());
      else response.end('whole');
    });
    const answer = await clientFor(server.origin, { retry }).requestBytes(get(server.origin, '/'), bound);
    expect(answer.bytes.toString()).toBe('whole');
    expect(server.seen).toHaveLength(2);
  });

  it('as a PUT sends its streamed body from the start again', async () => {
    const server = await startServer((_, response, count) => response.writeHead(count === 1 ? 500 : 201).end());
    const body = (): Readable => Readable.from(['one', 'two']);
    const request = get(server.origin, '/', { method: 'PUT', body, bodySize: 6 });
    await clientFor(server.origin, { retry }).requestBytes(request, bound);
    expect(server.seen.map((seen) => seen.body)).toEqual(['onetwo', 'onetwo']);
    expect(server.seen[1]?.headers['content-length']).toBe('6');
  });

  it('as a POST is sent again after 429 only, since nothing else says it was not carried out', async () => {
    const limited = await startServer((_, response, count) => response.writeHead(count === 1 ? 429 : 202).end());
    const broken = await startServer((_, response) => response.writeHead(500).end());
    const post = (origin: string) => get(origin, '/', { method: 'POST' });
    const first = await clientFor(limited.origin, { retry }).requestBytes(post(limited.origin), bound);
    const second = await clientFor(broken.origin, { retry }).requestBytes(post(broken.origin), bound);
    expect([first.status, second.status]).toEqual([202, 500]);
    expect([limited.seen.length, broken.seen.length]).toEqual([2, 1]);
  });

  it('waits for as long as Retry-After says', async () => {
    const server = await startServer((_, response, count) =>
      count === 1 ? response.writeHead(503, { 'Retry-After': '1' }).end() : response.end(),
    );
    const begin = performance.now();
    await clientFor(server.origin, { retry }).requestBytes(get(server.origin, '/'), bound);
    expect(performance.now() - begin).toBeGreaterThanOrEqual(990);
  });

  it('is not sent again when Retry-After is longer than is waited for', async () => {
    const server = await startServer((_, response) => response.writeHead(429, { 'Retry-After': '3600' }).end('no'));
    const answer = await clientFor(server.origin, { retry }).requestBytes(get(server.origin, '/'), bound);
    expect(answer.status).toBe(429);
    expect(server.seen).toHaveLength(1);
  });

  it('stops waiting as soon as the caller gives up, with the caller’s own reason', async () => {
    const server = await startServer((_, response) => response.writeHead(429, { 'Retry-After': '2' }).end());
    const caller = new AbortController();
    const reason = new Error('enough');
    server.server.on('request', () =>
      setImmediate(() => {
        caller.abort(reason);
      }),
    );
    const call = clientFor(server.origin, { retry }).requestBytes(
      get(server.origin, '/', { signal: caller.signal }),
      bound,
    );
    await expect(call).rejects.toBe(reason);
  });

  it('as a stream leaves no connection behind', async () => {
    const server = await startServer((_, response, count) =>
      response.writeHead(count === 1 ? 503 : 200).end('x'.repeat(1_000_000)),
    );
    const client = clientFor(server.origin, { retry, limits: { maxConnectionsPerHost: 1 } });
    const answer = await client.request(get(server.origin, '/', { kind: 'blob' }));
    let size = 0;
    for await (const chunk of answer.body.open() as AsyncIterable<Buffer>) size += chunk.length;
    expect(size).toBe(1_000_000);
  });

  it('is not sent again when the caller’s own body broke', async () => {
    const server = await startServer((_, response) => response.end());
    const fault = new Error('disk gone');
    let opened = 0;
    const body = (): Readable => {
      opened++;
      return new Readable({
        read: (): void => undefined,
        construct: (done) => {
          done(fault);
        },
      });
    };
    const call = clientFor(server.origin, { retry }).requestBytes(
      get(server.origin, '/', { method: 'PUT', body, bodySize: 10 }),
      bound,
    );
    await expect(call).rejects.toBe(fault);
    expect(opened).toBe(1);
  });
});

/** A logger, and when it has been told that the client knows of a 429. */
function watchForRefusal(): { logger: Logger; turnedAway: Promise<void> } {
  let onTurnedAway: () => void = () => undefined;
  const turnedAway = new Promise<void>((resolve) => {
    onTurnedAway = resolve;
  });
  const debug = (line: string): void => {
    if (line.includes('429; retry')) onTurnedAway();
  };
  return { logger: { ...silent, debug }, turnedAway };
}

describe('a host that limits its rate', () => {
  it('is asked by nobody while it wants to be left alone', async () => {
    const times: number[] = [];
    const server = await startServer((_, response, count) => {
      times.push(performance.now());
      if (count === 1) response.writeHead(429, { 'Retry-After': '1' }).end();
      else response.end('ok');
    });
    const { logger, turnedAway } = watchForRefusal();
    const client = clientFor(server.origin, { retry, logger });
    const ask = async (): Promise<number> => (await client.requestBytes(get(server.origin, '/'), bound)).status;
    const first = ask();
    await turnedAway;
    const later = Array.from({ length: 20 }, ask);
    expect(new Set(await Promise.all([first, ...later]))).toEqual(new Set([200]));
    const [begin = 0, ...rest] = times;
    expect(Math.min(...rest) - begin).toBeGreaterThanOrEqual(990);
    expect(server.seen).toHaveLength(22);
  });

  it('is given its requests one after the other when it opens again', async () => {
    const times: number[] = [];
    const server = await startServer((_, response, count) => {
      times.push(performance.now());
      response.writeHead(count === 1 ? 429 : 200).end('ok');
    });
    const { logger, turnedAway } = watchForRefusal();
    const slow = { ...retry, baseDelayMs: 200, maxDelayMs: 200 };
    const client = clientFor(server.origin, { retry: slow, logger });
    const ask = async (): Promise<number> => (await client.requestBytes(get(server.origin, '/'), bound)).status;
    const first = ask();
    await turnedAway;
    await Promise.all([first, ...Array.from({ length: 10 }, ask)]);
    const opened = times.slice(1).sort((a, b) => a - b);
    expect((opened.at(-1) ?? 0) - (opened[0] ?? 0)).toBeGreaterThan(120);
  });

  it('lets a caller who waits for it give up, whoever else waits', async () => {
    const server = await startServer((_, response, count) => {
      if (count === 1) response.writeHead(429, { 'Retry-After': '1' }).end();
      else response.end('ok');
    });
    const caller = new AbortController();
    const { logger, turnedAway } = watchForRefusal();
    const client = clientFor(server.origin, { retry, logger });
    const ask = async (signal?: AbortSignal): Promise<number> =>
      (await client.requestBytes(get(server.origin, '/', { signal }), bound)).status;
    const patient = [ask()];
    await turnedAway;
    patient.push(ask());
    const impatient = ask(caller.signal);
    patient.push(ask());
    const begin = performance.now();
    caller.abort(new Error('enough'));
    await expect(impatient).rejects.toThrow('enough');
    expect(performance.now() - begin).toBeLessThan(500);
    expect(await Promise.all(patient)).toEqual([200, 200, 200]);
  });

  it('serves 30 callers with fewer retries than callers', async () => {
    let served = 0;
    let windowEnd = 0;
    const server = await startServer((_, response) => {
      const now = performance.now();
      if (now > windowEnd) [served, windowEnd] = [0, now + 100];
      if (++served > 10) response.writeHead(429).end();
      else response.end('ok');
    });
    const policy = { ...retry, maxRetries: 6, baseDelayMs: 60, maxDelayMs: 200 };
    const client = clientFor(server.origin, { retry: policy });
    const calls = Array.from({ length: 30 }, async () => await client.requestBytes(get(server.origin, '/'), bound));
    const statuses = (await Promise.all(calls)).map(({ status }) => status);
    expect(statuses.every((status) => status === 200)).toBe(true);
  });
});
