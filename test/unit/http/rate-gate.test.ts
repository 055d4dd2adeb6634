import { describe, expect, it } from 'vitest';
import { CallScope } from '../../../src/content/call-scope.js';
import { RateGate } from '../../../src/http/rate-gate.js';
import { bound, clientFor, get, startServer } from './support.js';

const never = new CallScope([]);

describe('a gate that is closed', () => {
  it('turns away at once who would have to wait for longer than they may', async () => {
    const gate = new RateGate(0);
    gate.close(60_000);
    expect(await gate.pass(never, 1_000)).toBe(false);
  });

  it('turns away who waits as soon as it closes for longer than they may wait', async () => {
    const gate = new RateGate(0);
    gate.close(10_000);
    const waiting = [11_000, 12_000, 3_600_000].map((mostMs) => gate.pass(never, mostMs));
    gate.close(30_000);
    expect(await Promise.all(waiting.slice(0, 2))).toEqual([false, false]);
    expect(gate.closedForMs).toBeGreaterThan(29_000);
  });

  it('lets those pass who may wait for long enough, in the order they came', async () => {
    const gate = new RateGate(1);
    gate.close(30);
    const order: number[] = [];
    const waiting = Array.from({ length: 20 }, async (_, index) => {
      expect(await gate.pass(new CallScope([]), 1_000)).toBe(true);
      order.push(index);
    });
    await Promise.all(waiting);
    expect(order).toEqual(Array.from({ length: 20 }, (_, index) => index));
    expect(gate.closedForMs).toBe(0);
  });

  it('does not keep a crowd for long once it is open, however far apart requests should be', async () => {
    const gate = new RateGate(1_000);
    gate.close(10);
    const waiting = Array.from({ length: 64 }, () => gate.pass(new CallScope([]), 20));
    expect(new Set(await Promise.all(waiting))).toEqual(new Set([true]));
  });

  it('forgets who gave up, and gives them their own reason', async () => {
    const gate = new RateGate(1);
    gate.close(30);
    const caller = new AbortController();
    const reason = { any: 'value' };
    const first = gate.pass(new CallScope([caller.signal]), 1_000);
    const second = gate.pass(never, 1_000);
    caller.abort(reason);
    await expect(first).rejects.toBe(reason);
    expect(await second).toBe(true);
  });

  it('keeps no timer for nobody', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    const gate = new RateGate(1);
    gate.close(3_000_000);
    const caller = new AbortController();
    const waiting = gate.pass(new CallScope([caller.signal]), 3_600_000);
    expect(timers()).toBe(before + 1);
    caller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    expect(timers()).toBe(before);
  });
});

describe('a host that says 429 to everybody', () => {
  it('keeps no caller for longer than the policy waits', async () => {
    const server = await startServer((_, response) => response.writeHead(429).end('slow down'));
    const retry = { maxRetries: 2, baseDelayMs: 200, maxDelayMs: 200, maxRetryAfterMs: 0 };
    const client = clientFor(server.origin, { retry });
    const request = get(server.origin, '/');
    // Without a bound each would wait for all the others: 100 callers, three times each, 200 ms apart.
    const ends = Array.from(
      { length: 100 },
      async () =>
        await client.requestBytes(request, bound).then(
          ({ status }) => status,
          (error: unknown) => error,
        ),
    );
    const results = await Promise.all(ends);
    const errors = results.filter((result) => result !== 429);
    expect(errors.length).toBeGreaterThan(0);
    for (const error of errors) {
      expect(error).toMatchObject({
        name: 'RegistryError',
        code: 'ERR_OCI_RATE_LIMITED',
        status: 429,
        method: 'GET',
        url: request.url.href,
        message: expect.stringMatching(/^GET http:.* was not sent: 127/) as string,
        retryAfterMs: expect.any(Number) as number,
        hint: expect.any(String) as string,
      });
    }
  });
});
