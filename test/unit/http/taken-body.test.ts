import { createServer } from 'node:net';
import { brotliCompressSync, deflateSync } from 'node:zlib';
import { createResolver } from '@stellaops/oci-referrers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CallScope } from '../../../src/content/call-scope.js';
import { WireBody } from '../../../src/http/wire-body.js';
import { clientFor, get } from './support.js';

const said = '{"errors":[{"code":"X","message":"said in the body"}]}';

/** A server that announces more than the coded body it sends, adds bytes behind it, and keeps the connection. */
async function startTrailing(coding: string, body: Buffer): Promise<{ host: string; closed: Promise<void> }> {
  let close = (): void => undefined;
  const closed = new Promise<void>((resolve) => {
    close = resolve;
  });
  const server = createServer((socket) => {
    socket.on('error', () => undefined).once('close', close);
    socket.once('data', () => {
      socket.write(`HTTP/1.1 500 x\r\ncontent-encoding: ${coding}\r\ncontent-length: 9000\r\n\r\n`);
      socket.write(Buffer.concat([body, Buffer.from('garbage')]));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
  });
  const { port } = server.address() as { port: number };
  return { host: `127.0.0.1:${port}`, closed };
}

describe('a coded body with bytes behind its end', () => {
  it.each([
    ['br', brotliCompressSync(said)],
    ['deflate', deflateSync(said)],
  ])('with %s is read, and its connection is not kept', async (coding, body) => {
    const { host, closed } = await startTrailing(coding, body);
    const answer = await clientFor(`http://${host}`).request(get(`http://${host}`, '/', { kind: 'blob' }));
    const { bytes } = await answer.body.collect(1_000);
    expect(bytes.toString()).toBe(said);
    await closed;
  });

  it('does not keep a probe waiting', async () => {
    const { host } = await startTrailing('br', brotliCompressSync(said));
    await using resolver = createResolver({ retry: 0, credentials: () => ({ anonymous: true }) });
    await expect(resolver.probe(`${host}/team/app`)).rejects.toMatchObject({
      code: 'ERR_OCI_REGISTRY_STATUS',
      message: expect.stringContaining('said in the body') as string,
    });
  });
});

describe('a body from the wire', () => {
  const open = (): { body: WireBody; aborted: () => boolean } => {
    let isAborted = false;
    const abort = (): void => {
      isAborted = true;
    };
    const body = new WireBody({ pause: () => undefined, resume: () => undefined, abort });
    return { body, aborted: () => isAborted };
  };

  it('is read once: a second reader is not told that it is empty', async () => {
    const { body } = open();
    body.push(Buffer.from('here'));
    body.end();
    expect((await body.collect(10)).bytes.toString()).toBe('here');
    await expect(body.collect(10)).rejects.toThrow('already');
    expect(() => body.stream()).toThrow('already');
  });

  it('that comes in single bytes is whole', async () => {
    const { body } = open();
    const bytes = Buffer.from(Array.from({ length: 3_000 }, (_, at) => at % 251));
    for (let at = 0; at < bytes.length; at++) body.push(bytes.subarray(at, at + 1));
    body.end();
    expect((await body.collect(3_000)).bytes.equals(bytes)).toBe(true);
  });

  it('that is left while somebody waits for it says so, and breaks its connection off', async () => {
    const { body, aborted } = open();
    const waiting = body.collect(10);
    body.destroy();
    await expect(waiting).rejects.toThrow('left');
    expect(aborted()).toBe(true);
  });

  it('that is a stream already is left rather than waited for', async () => {
    const { body, aborted } = open();
    const stream = body.stream();
    await body.discard();
    expect([stream.destroyed, aborted()]).toEqual([true, true]);
  });

  it('that fails for no reason has failed', async () => {
    const { body } = open();
    const waiting = body.collect(10);
    body.fail(undefined);
    await expect(waiting).rejects.toBeUndefined();
  });
});

describe('a call that is over', () => {
  it('says so to everybody, also behind one who throws', () => {
    const caller = new AbortController();
    const scope = new CallScope([caller.signal]);
    const told: number[] = [];
    scope.onGiveUp(() => {
      told.push(1);
    });
    scope.onGiveUp(() => {
      throw new Error('mine');
    });
    scope.onGiveUp(() => {
      told.push(3);
    });
    // Node has what a listener throws for an uncaught exception.
    const uncaught = new Promise((resolve) => process.once('uncaughtException', resolve));
    const others = process.listeners('uncaughtException').slice(0, -1);
    for (const other of others) process.off('uncaughtException', other);
    onTestFinished(() => {
      for (const other of others) process.on('uncaughtException', other);
    });
    caller.abort(new Error('enough'));
    expect(told).toEqual([1, 3]);
    return expect(uncaught).resolves.toMatchObject({ message: 'mine' });
  });
});
