import { digestOf } from '@stellaops/oci-referrers';
import { expect, it } from 'vitest';
import { describeSpec } from './support/spec-peers.js';
import { type Answer, ask, codesOf, endOf, octets, type Wire } from './support/wire.js';

// What distribution-spec v1.1.1 says about uploads, in tests of our own and in plain HTTP; see docs/decisions/0004.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-blobs

describeSpec('uploads', ({ peer, wire, another }) => {
  const open = async (): Promise<Answer> => {
    const opened = await ask(wire().url('blobs/uploads/'), { method: 'POST', headers: { 'content-length': '0' } });
    expect(opened.response.status).toBe(202);
    return opened;
  };

  /** Opens an upload and cuts a blob into three chunks that are as large as the registry wants them. */
  const openForChunks = async (): Promise<{ opened: Answer; bytes: Buffer; digest: string; size: number }> => {
    const opened = await open();
    const size = Number(opened.response.headers.get('oci-chunk-min-length') ?? 5);
    const bytes = Buffer.concat([Buffer.alloc(size, 'a'), Buffer.alloc(size, 'b'), Buffer.from('c')]);
    return { opened, bytes, digest: digestOf(bytes), size };
  };

  /** Sends a part of a blob where the last answer points. */
  const send = async (last: Answer, bytes: Buffer, from: number, to: number): Promise<Answer> => {
    const headers = { ...octets, 'content-range': `${from}-${to - 1}` };
    return await ask(endOf(last), { method: 'PATCH', headers, body: bytes.subarray(from, to) });
  };

  const expectBlob = async (where: Wire, digest: string, bytes: Buffer): Promise<void> => {
    const { response, body } = await ask(where.url(`blobs/${digest}`));
    expect([response.status, body]).toEqual([200, bytes]);
  };

  it('takes a blob in one POST, or begins an upload', async () => {
    const bytes = Buffer.from('a blob in one request');
    const digest = digestOf(bytes);
    const url = wire().url(`blobs/uploads/?digest=${digest}`);
    let answer = await ask(url, { method: 'POST', headers: octets, body: bytes });
    expect([201, 202]).toContain(answer.response.status);
    if (answer.response.status === 202) {
      answer = await ask(endOf(answer, digest), { method: 'PUT', headers: octets, body: bytes });
      expect(answer.response.status).toBe(201);
    }
    expect((await ask(endOf(answer))).body).toEqual(bytes);
  });

  it.each(['POST', 'PUT'])('refuses bytes of another digest in a %s, and keeps nothing', async (method) => {
    const promised = digestOf(Buffer.from('what was promised'));
    const url =
      method === 'PUT' ? endOf(await open(), promised) : new URL(wire().url(`blobs/uploads/?digest=${promised}`));
    const answer = await ask(url, { method, headers: octets, body: Buffer.from('something else') });
    if (answer.response.status !== 202) {
      expect(answer.response.status).toBe(400);
      expect(['DIGEST_INVALID', 'BLOB_UPLOAD_INVALID']).toContain(codesOf(answer)[0]);
    }
    expect((await ask(wire().url(`blobs/${promised}`))).response.status).toBe(404);
  });

  it.each(['PATCH', 'PUT'])('takes chunks in their order, the last one by %s', async (lastMethod) => {
    const { opened, bytes, digest, size } = await openForChunks();
    const first = await send(opened, bytes, 0, size);
    expect([first.response.status, first.response.headers.get('range')]).toEqual([202, `0-${size - 1}`]);
    let last = await send(first, bytes, size, 2 * size);
    expect([last.response.status, last.response.headers.get('range')]).toEqual([202, `0-${2 * size - 1}`]);
    let end: RequestInit = {
      headers: { ...octets, 'content-range': `${2 * size}-${2 * size}` },
      body: bytes.subarray(2 * size),
    };
    if (lastMethod === 'PATCH') {
      last = await send(last, bytes, 2 * size, bytes.length);
      expect(last.response.status).toBe(202);
      end = {};
    }
    const closed = await ask(endOf(last, digest), { ...end, method: 'PUT' });
    expect(closed.response.status).toBe(201);
    expect((await ask(endOf(closed))).body).toEqual(bytes);
    await expectBlob(wire(), digest, bytes);
  });

  it('answers 416 to a chunk out of order, tells how far it is, and goes on from there', async () => {
    const { opened, bytes, digest, size } = await openForChunks();
    const first = await send(opened, bytes, 0, size);
    for (const [from, to] of [
      [2 * size, bytes.length],
      [0, size],
    ] as const) {
      expect((await send(first, bytes, from, to)).response.status).toBe(416);
    }
    const status = await ask(endOf(first));
    expect([status.response.status, status.response.headers.get('range')]).toEqual([204, `0-${size - 1}`]);
    const second = await send(status, bytes, size, bytes.length);
    const closed = await ask(endOf(second, digest), { method: 'PUT' });
    expect(closed.response.status).toBe(201);
    await expectBlob(wire(), digest, bytes);
  });

  it('answers 416 to a first chunk that is not the beginning', async () => {
    const { opened, bytes, size } = await openForChunks();
    expect((await send(opened, bytes, size, 2 * size)).response.status).toBe(416);
  });

  it('takes a blob in chunks under sha512', async () => {
    const { opened, bytes, size } = await openForChunks();
    const digest = digestOf(bytes, 'sha512');
    const second = await send(await send(opened, bytes, 0, size), bytes, size, bytes.length);
    expect((await ask(endOf(second, digest), { method: 'PUT' })).response.status).toBe(201);
    await expectBlob(wire(), digest, bytes);
  });

  it(`answers ${peer.answerToUnknownUpload} for an upload that ended or was cancelled`, async () => {
    const bytes = Buffer.from('an upload that ends');
    const [ended, cancelled] = [await open(), await open()];
    await ask(endOf(ended, digestOf(bytes)), { method: 'PUT', headers: octets, body: bytes });
    expect((await ask(endOf(cancelled), { method: 'DELETE' })).response.status).toBe(204);
    for (const gone of [ended, cancelled]) {
      const answer = await ask(endOf(gone));
      expect([answer.response.status, codesOf(answer)]).toEqual([peer.answerToUnknownUpload, ['BLOB_UPLOAD_UNKNOWN']]);
    }
  });

  it('mounts a blob of another repository, or begins an upload', async () => {
    const bytes = Buffer.from('a blob of the base');
    const digest = await another('team/base').pushBlob(bytes);
    let answer = await ask(wire().url(`blobs/uploads/?mount=${digest}&from=team/base`), { method: 'POST' });
    expect([201, 202]).toContain(answer.response.status);
    if (answer.response.status === 202) {
      answer = await ask(endOf(answer, digest), { method: 'PUT', headers: octets, body: bytes });
    }
    expect((await ask(endOf(answer))).body).toEqual(bytes);
    await expectBlob(wire(), digest, bytes);
  });

  it('begins an upload where there is nothing to mount', async () => {
    const bytes = Buffer.from('a blob that is nowhere yet');
    const digest = digestOf(bytes);
    const answer = await ask(wire().url(`blobs/uploads/?mount=${digest}&from=team/empty`), { method: 'POST' });
    expect(answer.response.status).toBe(202);
    const closed = await ask(endOf(answer, digest), { method: 'PUT', headers: octets, body: bytes });
    expect(closed.response.status).toBe(201);
    await expectBlob(wire(), digest, bytes);
  });
});
