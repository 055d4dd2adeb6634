import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { BundleWriter } from '../../../src/bundle/bundle-writer.js';
import { appReference, type Interceptor, MemorySource, signedApp, temporaryDirectory } from './helpers.js';

const { image, all } = signedApp();
const layer = image.blobs[1]?.descriptor;
const isLayer: (digest: string) => boolean = (digest) => digest === layer?.digest;

function appWriter(intercept?: Interceptor, maxPrefetchBytes?: number): BundleWriter {
  const source = new MemorySource(all, intercept);
  return new BundleWriter({ maxPrefetchBytes }).add({ source, reference: appReference, descriptor: image.descriptor });
}

/** Hands out half of a layer and then waits until it is destroyed. */
function stalling(onOpen: (body: Readable) => void): Interceptor {
  return ({ digest, size }) => {
    if (!isLayer(digest)) return undefined;
    const body = new Readable({ read: () => undefined });
    body.push(Buffer.alloc(Math.floor(size / 2)));
    onOpen(body);
    return body;
  };
}

test('a file that is there stays as it is', async () => {
  const directory = await temporaryDirectory();
  const path = join(directory, 'bundle.tgz');
  await writeFile(path, 'precious');
  const source = new MemorySource(all);
  const writer = new BundleWriter().add({ source, reference: appReference, descriptor: image.descriptor });
  await expect(writer.write(path)).rejects.toMatchObject({ name: 'BundleError', code: 'ERR_OCI_BUNDLE_OUTPUT', path });
  await expect(writer.write(path)).rejects.toThrow(
    expect.objectContaining({ hint: 'give another name, or allow replacing it (force, --force)' }),
  );
  expect(await readFile(path, 'utf8')).toBe('precious');
  expect(source.fetched).toEqual([]);
});

test('a file that appears while the bundle is made is not replaced', async () => {
  const directory = await temporaryDirectory();
  const path = join(directory, 'bundle.tgz');
  const writer = appWriter(({ digest }) => {
    if (!isLayer(digest)) return undefined;
    return Readable.from(
      (async function* late() {
        await writeFile(path, 'precious');
        yield image.blobs[1]?.bytes;
      })(),
    );
  });
  await expect(writer.write(path)).rejects.toMatchObject({ code: 'ERR_OCI_BUNDLE_OUTPUT' });
  expect(await readdir(directory)).toEqual(['bundle.tgz']);
  expect(await readFile(path, 'utf8')).toBe('precious');
});

test('force replaces a file, and only once the new one is whole', async () => {
  const directory = await temporaryDirectory();
  const path = join(directory, 'bundle.tgz');
  await writeFile(path, 'precious');
  const broken = appWriter(({ digest }) => (isLayer(digest) ? Readable.from([Buffer.from('other')]) : undefined));
  await expect(broken.write(path, { force: true })).rejects.toMatchObject({ code: 'ERR_OCI_SIZE_MISMATCH' });
  expect(await readFile(path, 'utf8')).toBe('precious');
  const { sha256 } = await appWriter().write(path, { force: true });
  expect(
    createHash('sha256')
      .update(await readFile(path))
      .digest('hex'),
  ).toBe(sha256);
  expect(await readdir(directory)).toEqual(['bundle.tgz']);
});

test('force replaces neither a directory nor what is no file', async () => {
  const directory = await temporaryDirectory();
  await mkdir(join(directory, 'bundle.tgz'));
  for (const path of [join(directory, 'bundle.tgz'), '/dev/null']) {
    const writer = new BundleWriter({ compression: 'store' });
    writer.add({ source: new MemorySource(all), reference: appReference, descriptor: image.descriptor });
    await expect(writer.write(path, { force: true })).rejects.toMatchObject({ code: 'ERR_OCI_BUNDLE_OUTPUT' });
  }
});

test('a name as long as a file system takes is written, a longer one is said to be too long', async () => {
  const directory = await temporaryDirectory();
  for (const name of [`${'n'.repeat(251)}.tgz`, `${'ü'.repeat(125)}.tgz`]) {
    await appWriter().write(join(directory, name));
    expect(await readdir(directory)).toContain(name);
  }
  await expect(appWriter().write(join(directory, `${'n'.repeat(252)}.tgz`))).rejects.toMatchObject({
    code: 'ERR_OCI_BUNDLE_OUTPUT',
    hint: expect.stringContaining('shorter name') as unknown,
  });
});

test('a directory that is missing or may not be written to is named, with what to do', async () => {
  const directory = await temporaryDirectory();
  const missing = appWriter().write(join(directory, 'missing', 'bundle.tgz'));
  await expect(missing).rejects.toMatchObject({ code: 'ERR_OCI_BUNDLE_OUTPUT', hint: 'create the directory first' });
  // Root may write anywhere; a file in the place of the directory stops everybody.
  await writeFile(join(directory, 'file'), '');
  const wrong = appWriter().write(join(directory, 'file', 'bundle.tgz'));
  await expect(wrong).rejects.toMatchObject({
    code: 'ERR_OCI_BUNDLE_OUTPUT',
    hint: expect.stringContaining('file') as string,
  });
  if (process.getuid?.() === 0) return;
  await chmod(directory, 0o500);
  const refused = appWriter().write(join(directory, 'bundle.tgz'));
  await expect(refused).rejects.toMatchObject({ code: 'ERR_OCI_BUNDLE_OUTPUT' });
  await chmod(directory, 0o700);
});

test.each([
  ['with other bytes', Buffer.alloc(layer?.size ?? 0), 'ERR_OCI_DIGEST_MISMATCH'],
  ['that is too short', Buffer.alloc(1), 'ERR_OCI_SIZE_MISMATCH'],
  ['that is too long', Buffer.alloc(5000), 'ERR_OCI_SIZE_MISMATCH'],
])('a blob %s leaves no file, prefetched or streamed', async (_case, bytes, code) => {
  for (const maxPrefetchBytes of [undefined, 1]) {
    const directory = await temporaryDirectory();
    const writer = appWriter(({ digest }) => (isLayer(digest) ? Readable.from([bytes]) : undefined), maxPrefetchBytes);
    await expect(writer.write(join(directory, 'bundle.tgz'))).rejects.toMatchObject({ name: 'IntegrityError', code });
    expect(await readdir(directory)).toEqual([]);
  }
});

test('a fault of a source comes out as it is and leaves no file', async () => {
  const directory = await temporaryDirectory();
  const fault = new Error('the registry is gone');
  for (const maxPrefetchBytes of [undefined, 1]) {
    const failing: Interceptor = ({ digest }) => {
      if (!isLayer(digest)) return undefined;
      return new Readable({ read: (): void => void 0 }).destroy(fault);
    };
    await expect(appWriter(failing, maxPrefetchBytes).write(join(directory, 'bundle.tgz'))).rejects.toBe(fault);
    expect(await readdir(directory)).toEqual([]);
  }
});

test.each([undefined, 1])(
  'an abort ends the write with its reason and leaves no file (prefetch %s)',
  async (prefetch) => {
    const directory = await temporaryDirectory();
    const abort = new AbortController();
    const reason = new Error('enough');
    const opened: Readable[] = [];
    const writer = appWriter(
      stalling((body) => {
        opened.push(body);
        setImmediate(() => {
          abort.abort(reason);
        });
      }),
      prefetch,
    );
    await expect(writer.write(join(directory, 'bundle.tgz'), { signal: abort.signal })).rejects.toBe(reason);
    expect(opened.map((body) => body.destroyed)).toEqual([true]);
    expect(await readdir(directory)).toEqual([]);
  },
);

test('an abort before the start touches nothing', async () => {
  const directory = await temporaryDirectory();
  const reason = new Error('enough');
  const write = appWriter().write(join(directory, 'bundle.tgz'), { signal: AbortSignal.abort(reason) });
  await expect(write).rejects.toBe(reason);
  expect(await readdir(directory)).toEqual([]);
});

test('a stream that fails while a source hangs ends the write, and the source’s stream is destroyed', async () => {
  const opened: Readable[] = [];
  const cause = new Error('the pipe is gone');
  const sink = new Writable({
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
  const writer = appWriter(
    stalling((body) => {
      opened.push(body);
      setImmediate(() => sink.destroy(cause));
    }),
    1,
  );
  await expect(writer.write(sink)).rejects.toMatchObject({ code: 'ERR_OCI_BUNDLE_OUTPUT', cause });
  expect(opened.map((body) => body.destroyed)).toEqual([true]);
});

test('a stream that is closed already is an output that cannot be written', async () => {
  const sink = new PassThrough().destroy();
  await expect(appWriter().write(sink)).rejects.toMatchObject({ code: 'ERR_OCI_BUNDLE_OUTPUT' });
});

test('a fault while planning destroys the stream, so that nobody waits for its end', async () => {
  const sink = new PassThrough();
  const fault = new Error('no manifest');
  const writer = appWriter(() => new Readable({ read: (): void => void 0 }).destroy(fault));
  const reading = expect(buffer(sink)).rejects.toThrow();
  await expect(writer.write(sink)).rejects.toBe(fault);
  await reading;
});

test('a part file is removed when its owner is gone, and kept while the owner lives', async () => {
  const directory = await temporaryDirectory();
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  const machine = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
  const elsewhere = '0'.repeat(8);
  const partOf = (owner: string): string => `.bundle.tgz.${owner}-00000000.part`;
  const dead = partOf(`${machine}-${child.pid ?? 0}-abc`);
  const earlier = process.platform === 'linux' ? 't1' : '1';
  const reusedNumber = partOf(`${machine}-${process.pid}-${earlier}`);
  const alive = partOf(`${machine}-${process.ppid}-abc`);
  const foreign = partOf(`${elsewhere}-1-abc`);
  const oldForeign = partOf(`${elsewhere}-2-abc`);
  const otherName = `.other.tgz.${machine}-${child.pid ?? 0}-abc-00000000.part`;
  for (const name of [dead, reusedNumber, alive, foreign, oldForeign, otherName])
    await writeFile(join(directory, name), '');
  await utimes(join(directory, oldForeign), 0, 0);
  await appWriter().write(join(directory, 'bundle.tgz'));
  expect((await readdir(directory)).sort()).toEqual([alive, foreign, otherName, 'bundle.tgz'].sort());
});

test('two writers of one name at once leave one whole file and no rest', async () => {
  const directory = await temporaryDirectory();
  const path = join(directory, 'bundle.tgz');
  const outcomes = await Promise.allSettled([appWriter().write(path), appWriter().write(path)]);
  const written = outcomes.filter((outcome) => outcome.status === 'fulfilled');
  expect(written.length).toBeGreaterThan(0);
  expect(
    createHash('sha256')
      .update(await readFile(path))
      .digest('hex'),
  ).toBe(written[0]?.value.sha256);
  expect(await readdir(directory)).toEqual(['bundle.tgz']);
});

test('a link to nowhere is something that stands at the name', async () => {
  const directory = await temporaryDirectory();
  const path = join(directory, 'bundle.tgz');
  await symlink('nowhere', path);
  await expect(appWriter().write(path)).rejects.toMatchObject({ code: 'ERR_OCI_BUNDLE_OUTPUT' });
  await appWriter().write(path, { force: true });
  expect(await readdir(directory)).toEqual(['bundle.tgz']);
});
