import { chmod, mkdir, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { buildImage } from '@stellaops/oci-referrers/testing';
import { expect, test } from 'vitest';
import { BundleWriter } from '../../../src/bundle/bundle-writer.js';
import type { Descriptor } from '../../../src/oci/descriptor.js';
import { appReference, type Interceptor, MemorySource, temporaryDirectory } from './helpers.js';

const layers = ['a', 'b', 'c', 'd', 'e', 'f'].map((text) => Buffer.alloc(50_000, text));
const image = buildImage({ layers });
const blobs = image.blobs.map(({ descriptor }) => descriptor.digest);
const pathOf = (directory: string, digest: string): string => `${directory}/blobs/${digest.replace(':', '/')}`;

/** Writes the image's bundle by way of a work directory; gives what was fetched of its blobs. */
async function write(work: string | undefined, intercept?: Interceptor): Promise<{ fetched: string[]; bytes: Buffer }> {
  const source = new MemorySource([image], intercept);
  const writer = new BundleWriter({ concurrency: 1, maxPrefetchBytes: 60_000 });
  writer.add({ source, reference: appReference, descriptor: image.descriptor });
  const path = `${await temporaryDirectory()}/b.tgz`;
  await writer.write(path, { workDirectory: work });
  return { fetched: source.fetched.filter((digest) => blobs.includes(digest)), bytes: await readFile(path) };
}

/** A source that dies in the middle of the third of its blobs. */
function dying(): Interceptor {
  let count = 0;
  return ({ digest }: Descriptor) => {
    if (!blobs.includes(digest) || ++count !== 3) return undefined;
    return new Readable({
      read() {
        this.push(Buffer.alloc(10));
        this.destroy(new Error('the line is dead'));
      },
    });
  };
}

test('after a run that broke off only what is missing is fetched, and the bytes are those of a run without', async () => {
  const work = `${await temporaryDirectory()}/work`;
  await expect(write(work, dying())).rejects.toThrow('the line is dead');
  const kept = await readdir(`${work}/blobs/sha256`);
  expect(kept).toHaveLength(2);
  const { fetched, bytes } = await write(work);
  expect(fetched.sort()).toEqual(blobs.filter((digest) => !kept.includes(digest.slice(7))).sort());
  expect(bytes.equals((await write(undefined)).bytes)).toBe(true);
  expect((await write(work)).fetched).toEqual([]);
});

test('what was changed in the directory is noticed and fetched again, and so is what is no file there', async () => {
  const work = `${await temporaryDirectory()}/work`;
  await write(work);
  const [changed = '', cut = '', linked = ''] = blobs;
  const bytes = await readFile(pathOf(work, changed));
  bytes[5] = (bytes[5] ?? 0) ^ 1;
  await writeFile(pathOf(work, changed), bytes);
  await writeFile(pathOf(work, cut), 'x');
  const elsewhere = `${work}/elsewhere`;
  await writeFile(elsewhere, 'keep me');
  await rm(pathOf(work, linked));
  await symlink(elsewhere, pathOf(work, linked));
  const again = await write(work);
  expect(again.fetched.sort()).toEqual([changed, cut, linked].sort());
  expect(again.bytes.equals((await write(undefined)).bytes)).toBe(true);
  expect(await readFile(elsewhere, 'utf8')).toBe('keep me');
});

test('only this user can read what is kept, and part files of a run that was killed are removed', async () => {
  const work = `${await temporaryDirectory()}/work`;
  await mkdir(`${work}/blobs/sha256`, { recursive: true, mode: 0o700 });
  const abandoned = `${work}/blobs/sha256/.x.00000000-1-a-00000000.part`;
  await writeFile(abandoned, 'half');
  await utimes(abandoned, 0, 0);
  await write(work);
  expect((await readdir(`${work}/blobs/sha256`)).sort()).toEqual(blobs.map((digest) => digest.slice(7)).sort());
  const modes = await Promise.all(blobs.map(async (digest) => (await stat(pathOf(work, digest))).mode & 0o777));
  expect(new Set(modes)).toEqual(new Set([0o600]));
  const fresh = `${await temporaryDirectory()}/fresh`;
  await write(fresh);
  expect((await stat(fresh)).mode & 0o777).toBe(0o700);
});

test('a directory that cannot be written to is a typed error that says where and what to do', async () => {
  const parent = await temporaryDirectory();
  await writeFile(`${parent}/file`, '');
  const refused = {
    code: 'ERR_OCI_BUNDLE_OUTPUT',
    hint: expect.stringContaining('a part of this path is a file') as string,
  };
  await expect(write(`${parent}/file/work`)).rejects.toMatchObject(refused);
  if (process.getuid?.() === 0) return;
  await mkdir(`${parent}/locked`);
  await chmod(`${parent}/locked`, 0o500);
  await expect(write(`${parent}/locked/work`)).rejects.toMatchObject({ code: 'ERR_OCI_BUNDLE_OUTPUT' });
});
