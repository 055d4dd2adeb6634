import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { BlobDirectory } from '../../../src/content/blob-directory.js';
import { BundleError } from '../../../src/errors/index.js';
import type { Descriptor } from '../../../src/oci/descriptor.js';
import { type DigestAlgorithm, digestOf } from '../../../src/oci/digest.js';
import { makeFifo } from '../../support/make-fifo.js';

const bytes = Buffer.alloc(700_000, 'a layer ');
const fault =
  (what: string) =>
  (cause: unknown, path: string): Error =>
    new BundleError('ERR_OCI_BUNDLE_SOURCE', what, { cause, path });

function describeBytes(content: Uint8Array, algorithm?: DigestAlgorithm): Descriptor {
  return { mediaType: 'application/octet-stream', digest: digestOf(content, algorithm), size: content.length };
}

interface Scene {
  readonly root: string;
  readonly blobs: BlobDirectory;
  /** Where content of a descriptor stands. */
  readonly pathOf: (descriptor: Descriptor) => string;
}

async function openScene(): Promise<Scene> {
  const root = await mkdtemp(join(tmpdir(), 'oci-referrers-test-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const blobs = new BlobDirectory(root, { readFault: fault('unreadable'), writeFault: fault('unwritable') });
  return { root, blobs, pathOf: ({ digest }) => join(root, 'blobs', digest.replace(':', '/')) };
}

const descriptor = describeBytes(bytes);

describe('content in a directory', () => {
  it.each([
    ['bytes', 'sha256', bytes],
    ['bytes', 'sha512', bytes],
    ['nothing at all', 'sha256', Buffer.alloc(0)],
  ] as const)('is %s under their %s digest, and is read back verified', async (_what, algorithm, content) => {
    const { blobs, pathOf } = await openScene();
    const named = describeBytes(content, algorithm);
    expect(await blobs.has(named)).toBe(false);
    expect(await blobs.sizeOf(named.digest)).toBeUndefined();
    await blobs.write(named, content);
    expect(await blobs.has(named)).toBe(true);
    expect(await blobs.sizeOf(named.digest)).toBe(content.length);
    expect((await readFile(pathOf(named))).equals(content)).toBe(true);
    expect((await buffer(await blobs.fetch(named))).equals(content)).toBe(true);
  });

  it('that is not there is not found', async () => {
    const { blobs } = await openScene();
    await expect(blobs.fetch(descriptor)).rejects.toMatchObject({ code: 'ERR_OCI_NOT_FOUND' });
  });

  it('that was changed is not there, is not read to its end, and is written anew', async () => {
    const { blobs, pathOf } = await openScene();
    await blobs.write(descriptor, Readable.from([bytes], { objectMode: false }));
    const changed = Buffer.from(bytes);
    changed[500_000] = 0;
    await writeFile(pathOf(descriptor), changed);
    expect(await blobs.has(descriptor)).toBe(false);
    await expect(buffer(await blobs.fetch(descriptor))).rejects.toMatchObject({ code: 'ERR_OCI_DIGEST_MISMATCH' });
    await writeFile(pathOf(descriptor), bytes.subarray(1));
    expect(await blobs.has(descriptor)).toBe(false);
    await expect(blobs.fetch(descriptor)).rejects.toMatchObject({ code: 'ERR_OCI_SIZE_MISMATCH' });
    await blobs.write(descriptor, bytes);
    expect(await blobs.has(descriptor)).toBe(true);
  });

  it.each([
    [
      'other bytes',
      () => Readable.from([Buffer.alloc(bytes.length)], { objectMode: false }),
      'ERR_OCI_DIGEST_MISMATCH',
    ],
    ['too little', () => Readable.from([bytes.subarray(1)], { objectMode: false }), 'ERR_OCI_SIZE_MISMATCH'],
    ['too much', () => Readable.from([bytes, bytes], { objectMode: false }), 'ERR_OCI_SIZE_MISMATCH'],
  ])('is left out whole when its source gives %s', async (_what, open, code) => {
    const { blobs, root } = await openScene();
    await expect(blobs.write(descriptor, open())).rejects.toMatchObject({ code });
    expect(await readdir(join(root, 'blobs/sha256'))).toEqual([]);
  });

  it('is left out whole when its source breaks off, and the fault is the source’s own', async () => {
    const { blobs, root } = await openScene();
    const gone = new Error('the registry is gone');
    const source = Readable.from(
      (async function* breaking() {
        yield await Promise.resolve(bytes.subarray(1));
        throw gone;
      })(),
      { objectMode: false },
    );
    await expect(blobs.write(descriptor, source)).rejects.toBe(gone);
    expect(await readdir(join(root, 'blobs/sha256'))).toEqual([]);
  });

  it('is given up with the signal’s own reason, written, read or hashed', async () => {
    const { blobs, root } = await openScene();
    const reason = new Error('enough');
    const abort = new AbortController();
    const stalling = new Readable({ read: () => undefined });
    stalling.push(bytes.subarray(1));
    setImmediate(() => {
      abort.abort(reason);
    });
    await expect(blobs.write(descriptor, stalling, { signal: abort.signal })).rejects.toBe(reason);
    expect(stalling.destroyed).toBe(true);
    expect(await readdir(join(root, 'blobs/sha256'))).toEqual([]);
    await blobs.write(descriptor, bytes);
    await expect(blobs.has(descriptor, { signal: abort.signal })).rejects.toBe(reason);
    await expect(blobs.fetch(descriptor, { signal: abort.signal })).rejects.toBe(reason);
    const later = new AbortController();
    const body = await blobs.fetch(descriptor, { signal: later.signal });
    later.abort(reason);
    await expect(buffer(body)).rejects.toBe(reason);
  });

  it('is written by two at once', async () => {
    const { blobs, root } = await openScene();
    await Promise.all([blobs.write(descriptor, bytes), blobs.write(descriptor, bytes)]);
    expect(await blobs.has(descriptor)).toBe(true);
    expect(await readdir(join(root, 'blobs/sha256'))).toHaveLength(1);
  });

  it('of a run that was killed is removed by the next one, that of a run elsewhere is not', async () => {
    const { blobs, root, pathOf } = await openScene();
    await mkdir(join(root, 'blobs/sha256'), { recursive: true });
    const machine = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
    const part = (owner: string): string => join(root, 'blobs/sha256', `.${'a'.repeat(64)}.${owner}-00000000.part`);
    const earlier = process.platform === 'linux' ? 't1' : '1';
    await writeFile(part(`${machine}-${process.pid}-${earlier}`), 'killed');
    const foreign = part('00000000-1-abc');
    await writeFile(foreign, 'somebody else');
    await blobs.write(descriptor, bytes);
    const names = [foreign, pathOf(descriptor)].map((path) => path.split('/').at(-1));
    expect((await readdir(join(root, 'blobs/sha256'))).sort()).toEqual(names.sort());
  });
});

describe('a directory that somebody else has prepared', () => {
  it.each([
    [
      'a named pipe',
      async (path: string) => {
        makeFifo(path);
        await Promise.resolve();
      },
    ],
    ['a link to other content', (path: string) => symlink('/etc/passwd', path)],
    ['a link to nowhere', (path: string) => symlink('nowhere', path)],
    ['a link to the right content', (path: string) => symlink('../../right', path)],
  ])('with %s in the place of content is not followed, and is replaced', async (_what, make) => {
    const { blobs, root, pathOf } = await openScene();
    await mkdir(join(root, 'blobs/sha256'), { recursive: true });
    await writeFile(join(root, 'right'), bytes);
    await make(pathOf(descriptor));
    expect(await blobs.has(descriptor)).toBe(false);
    await expect(blobs.fetch(descriptor)).rejects.toMatchObject({ message: 'unreadable', path: pathOf(descriptor) });
    await blobs.write(descriptor, bytes);
    expect(await blobs.has(descriptor)).toBe(true);
    expect((await readFile(join(root, 'right'))).equals(bytes)).toBe(true);
  });

  it('with a directory in the place of content says so', async () => {
    const { blobs, root, pathOf } = await openScene();
    await mkdir(pathOf(descriptor), { recursive: true });
    expect(await blobs.has(descriptor)).toBe(false);
    await expect(blobs.fetch(descriptor)).rejects.toMatchObject({ message: 'unreadable' });
    await expect(blobs.write(descriptor, bytes)).rejects.toMatchObject({ message: 'unwritable' });
    expect(await readdir(join(root, 'blobs/sha256'))).toHaveLength(1);
  });

  it.each(['blobs', 'blobs/sha256'])('whose %s leads elsewhere is neither read nor written', async (name) => {
    const { blobs, root } = await openScene();
    const elsewhere = join(root, 'elsewhere');
    await mkdir(join(elsewhere, 'sha256'), { recursive: true });
    if (name !== 'blobs') await mkdir(join(root, 'blobs'));
    await symlink(name === 'blobs' ? elsewhere : join(elsewhere, 'sha256'), join(root, name));
    await expect(blobs.write(descriptor, bytes)).rejects.toMatchObject({ message: 'unwritable' });
    await expect(blobs.has(descriptor)).rejects.toMatchObject({ message: 'unreadable' });
    expect(await readdir(join(elsewhere, 'sha256'))).toEqual([]);
  });

  it('cannot be left by a digest', async () => {
    const { blobs } = await openScene();
    for (const digest of [
      'sha256:../../etc/passwd',
      `sha256:${'A'.repeat(64)}`,
      'md5:d41d8cd98f00b204e9800998ecf8427e',
    ]) {
      await expect(blobs.fetch({ ...descriptor, digest })).rejects.toMatchObject({ code: 'ERR_OCI_INVALID_DIGEST' });
      await expect(blobs.has({ ...descriptor, digest })).rejects.toMatchObject({ code: 'ERR_OCI_INVALID_DIGEST' });
      await expect(blobs.write({ ...descriptor, digest }, bytes)).rejects.toMatchObject({
        code: 'ERR_OCI_INVALID_DIGEST',
      });
    }
  });
});
