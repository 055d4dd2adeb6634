import { describe, expect, it } from 'vitest';
import { createSingleFlight } from '../../../src/auth/single-flight.js';
import { bound, clientFor, get, startServer } from '../http/support.js';
import { authorizerFor } from './support.js';
import { startBearerRegistry, startTokenService } from './token-service.js';

describe('work that several callers wait for', () => {
  it('is done once, and anew for the next who asks', async () => {
    const flight = createSingleFlight<number>();
    let runs = 0;
    const work = async (): Promise<number> => await Promise.resolve(++runs);
    expect(await Promise.all([flight('k', work), flight('k', work), flight('other', work)])).toEqual([1, 1, 2]);
    expect(await flight('k', work)).toBe(3);
  });

  it('goes on when the one who started it gives up', async () => {
    const flight = createSingleFlight<string>();
    const first = new AbortController();
    let finish: (value: string) => void = () => undefined;
    let aborted = false;
    const work = async (signal: AbortSignal): Promise<string> => {
      signal.addEventListener('abort', () => {
        aborted = true;
      });
      return await new Promise((resolve) => {
        finish = resolve;
      });
    };
    const starter = flight('k', work, first.signal);
    const second = flight('k', work);
    const reason = new Error('enough');
    first.abort(reason);
    await expect(starter).rejects.toBe(reason);
    expect(aborted).toBe(false);
    finish('done');
    expect(await second).toBe('done');
  });

  it('is aborted when nobody waits any more, and starts anew for the next', async () => {
    const flight = createSingleFlight<string>();
    const callers = [new AbortController(), new AbortController()];
    const signals: AbortSignal[] = [];
    const work = async (signal: AbortSignal): Promise<string> => {
      signals.push(signal);
      return await (signals.length === 1 ? new Promise<string>(() => undefined) : Promise.resolve('second'));
    };
    const calls = callers.map(async ({ signal }) => await flight('k', work, signal));
    for (const caller of callers) caller.abort(new Error('enough'));
    for (const call of calls) await expect(call).rejects.toThrow('enough');
    expect(signals[0]?.aborted).toBe(true);
    expect(await flight('k', work)).toBe('second');
  });

  it('fails for everybody, and is tried again by the next', async () => {
    const flight = createSingleFlight<number>();
    const fails = async (): Promise<number> => await Promise.reject(new Error('no'));
    for (const call of [flight('k', fails), flight('k', fails)]) await expect(call).rejects.toThrow('no');
    expect(await flight('k', async () => await Promise.resolve(1))).toBe(1);
  });
});

describe('a token that many requests need at once', () => {
  it('is fetched once', async () => {
    const service = await startTokenService(() => ({ body: { token: 'T' } }));
    const registry = await startBearerRegistry({ realm: () => service.origin, accepts: (token) => token === 'T' });
    const client = clientFor(registry.origin, { authorizer: authorizerFor(registry.origin) });
    const scopes = ['repository:a:pull'];
    const ask = async (): Promise<number> =>
      (await client.requestBytes(get(registry.origin, '/v2/', { scopes }), bound)).status;
    expect(new Set(await Promise.all(Array.from({ length: 30 }, ask)))).toEqual(new Set([200]));
    expect(service.seen).toHaveLength(1);
  });

  it('still comes for the others when the request that started it is aborted', async () => {
    let onAsked: (answer: () => void) => void = () => undefined;
    const asked = new Promise<() => void>((resolve) => {
      onAsked = resolve;
    });
    const service = await startServer((_, response) => {
      onAsked(() => response.end('{"token":"T"}'));
    });
    const registry = await startBearerRegistry({ realm: () => service.origin, accepts: (token) => token === 'T' });
    const client = clientFor(registry.origin, { authorizer: authorizerFor(registry.origin) });
    const first = new AbortController();
    const request = get(registry.origin, '/v2/', { scopes: ['repository:a:pull'] });
    const starter = client.requestBytes({ ...request, signal: first.signal }, bound);
    const answer = await asked;
    const second = client.requestBytes(request, bound);
    // The challenge is known by now: the second request joins the flight before it sends anything.
    await new Promise((resolve) => setImmediate(resolve));
    first.abort(new Error('enough'));
    await expect(starter).rejects.toThrow('enough');
    answer();
    expect((await second).status).toBe(200);
    expect(service.seen).toHaveLength(1);
  });
});
