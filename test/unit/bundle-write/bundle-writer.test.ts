import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, type Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { buildImage } from '@stellaops/oci-referrers/testing';
import { extract } from 'tar-stream';
import { expect, test } from 'vitest';
import { BundleWriter } from '../../../src/bundle/bundle-writer.js';
import type { BundleWriterOptions } from '../../../src/bundle/bundle-writer-options.js';
import { digestOf } from '../../../src/oci/digest.js';
import { appReference, MemorySource, run, signedApp, temporaryDirectory } from './helpers.js';

const { image, sbom, signature, all } = signedApp();

function appWriter(options: BundleWriterOptions = {}): BundleWriter {
  const source = new MemorySource(all);
  return new BundleWriter(options).add({ source, reference: appReference, descriptor: image.descriptor });
}

test('a bundle is what gzip, tar and sha256sum take it for', async () => {
  const directory = await temporaryDirectory();
  const report = await appWriter().write(join(directory, 'bundle.tgz'));
  await run('gzip', ['-t', 'bundle.tgz'], directory);
  await run('tar', ['-xzf', 'bundle.tgz'], directory);
  await run('sha256sum', ['--check', '--strict', '--quiet', 'checksums.sha256'], directory);
  const sum = await run('sha256sum', ['bundle.tgz'], directory);
  expect(sum).toBe(`${report.sha256}  bundle.tgz\n`);
  expect(report.bytes).toBe((await stat(join(directory, 'bundle.tgz'))).size);
});

test('the commands of the runbook find what they look for', async () => {
  const directory = await temporaryDirectory();
  await appWriter().write(join(directory, 'bundle.tgz'));
  const shell = (line: string): Promise<string> => run('sh', ['-c', line], directory);
  const [subject, referrer] = [image, sbom].map(({ descriptor }) => descriptor.digest.replace(':', '-'));
  const listed = await shell('tar -tzf bundle.tgz | grep "^referrers/"');
  expect(listed.split('\n')).toContain(`referrers/${subject}/${referrer}.json`);
  const shown = await shell('tar -xzf bundle.tgz -O manifest.yaml | grep -A5 "referrers:"');
  expect(shown).toMatch(/^referrers:\n {2}subjects:\n {4}- subject: "sha256:[a-f0-9]{64}"\n {6}reference: /);
  const sum = await shell(`tar -xzf bundle.tgz -O referrers/${subject}/${referrer}.json | sha256sum`);
  expect(`sha256-${sum.slice(0, 64)}`).toBe(referrer);
});

test('another tar reader finds the entries we planned, with their sizes and digests', async () => {
  const writer = appWriter({ compression: 'none' });
  const { entries } = await writer.plan();
  const archive = extract();
  const found = new Map<string, string>();
  const reading = (async (): Promise<void> => {
    for await (const entry of archive) found.set(entry.header.name, digestOf(await buffer(entry)));
  })();
  await Promise.all([writer.write(archive as unknown as Writable), reading]);
  for (const { path, digest } of entries) expect(found.get(path)).toBe(digest);
  expect(found.size).toBe(entries.length + 3);
});

test('entries come in the order of the format, metadata first and blobs last', async () => {
  const directory = await temporaryDirectory();
  await appWriter().write(join(directory, 'bundle.tar'));
  const names = (await run('tar', ['-tf', 'bundle.tar'], directory)).trimEnd().split('\n');
  expect(names.slice(0, 7)).toEqual([
    'oci-layout',
    'index.json',
    'bundle.json',
    'manifest.yaml',
    'checksums.sha256',
    'indexes/attestations.index.json',
    'indexes/referrers.index.json',
  ]);
  const rest = names.slice(7);
  expect(rest.filter((name) => name.startsWith('referrers/'))).toHaveLength(2);
  expect(rest).toEqual([
    ...rest.filter((name) => name.startsWith('referrers/')).sort(),
    ...rest.filter((name) => name.startsWith('blobs/')).sort(),
  ]);
});

test('the same images give the same bytes, in whatever order they are added', async () => {
  const other = buildImage({ layers: [Buffer.from('another\n')] });
  const inputs = [
    { source: new MemorySource(all), reference: appReference, descriptor: image.descriptor },
    { source: new MemorySource([other]), reference: 'registry.example.com/team/web:3', descriptor: other.descriptor },
  ];
  const write = async (order: typeof inputs): Promise<Buffer> => {
    const writer = new BundleWriter();
    for (const input of order) writer.add(input);
    const stream = new PassThrough();
    const [bytes] = await Promise.all([buffer(stream), writer.write(stream)]);
    return bytes;
  };
  const first = await write(inputs);
  expect(first.equals(await write([...inputs].reverse()))).toBe(true);
});

test('a stream gets the very bytes a file would have, and is ended', async () => {
  const directory = await temporaryDirectory();
  await appWriter().write(join(directory, 'bundle.tgz'));
  const stream = new PassThrough();
  const [bytes, report] = await Promise.all([buffer(stream), appWriter().write(stream)]);
  expect(bytes.equals(await readFile(join(directory, 'bundle.tgz')))).toBe(true);
  expect(report.path).toBeUndefined();
  expect(report.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
});

test('what is written is what was planned, to the byte, and nothing is fetched twice', async () => {
  const source = new MemorySource(all);
  const writer = new BundleWriter().add({ source, reference: appReference, descriptor: image.descriptor });
  const plan = await writer.plan();
  expect(source.fetched).toHaveLength(3);
  const directory = await temporaryDirectory();
  const report = await writer.write(join(directory, 'bundle.tar'));
  expect(report.bytes).toBe(plan.archiveBytes);
  expect(report.bundleId).toBe(plan.bundleId);
  expect(new Set(source.fetched).size).toBe(source.fetched.length);
});

test('the report counts images, subjects, referrers and blobs', async () => {
  const directory = await temporaryDirectory();
  const report = await appWriter().write(join(directory, 'bundle.tgz'));
  expect(report.counts).toEqual({ images: 1, subjects: 3, referrers: 2, manifests: 5, blobs: 6, external: 0 });
  expect(report).toMatchObject({ path: join(directory, 'bundle.tgz'), complete: true, warnings: [] });
  expect(signature.blobs).toHaveLength(2);
});

test('progress states the totals first and ends at them', async () => {
  const events: Parameters<NonNullable<BundleWriterOptions['onProgress']>>[0][] = [];
  const large = buildImage({ layers: [Buffer.alloc(3 * 1024 * 1024, 1), Buffer.from('small')] });
  const writer = new BundleWriter({ onProgress: (event) => events.push(event), maxPrefetchBytes: 1024 });
  writer.add({ source: new MemorySource([large]), reference: appReference, descriptor: large.descriptor });
  const stream = new PassThrough();
  await Promise.all([buffer(stream), writer.write(stream)]);
  const total = large.blobs.reduce((sum, { descriptor }) => sum + descriptor.size, 0);
  expect(events[0]).toEqual({ type: 'plan', totalBytes: total, totalBlobs: 3 });
  expect(events.at(-1)).toMatchObject({ type: 'blob', done: true, doneBytes: total, doneBlobs: 3 });
  expect(events.filter((event) => event.type === 'blob' && event.done)).toHaveLength(3);
});

test('compression follows the name, the option goes before it, and another name is refused', async () => {
  const directory = await temporaryDirectory();
  const startOf = async (name: string, options?: BundleWriterOptions): Promise<string> => {
    await appWriter(options).write(join(directory, name));
    return (await readFile(join(directory, name))).subarray(0, 2).toString('hex');
  };
  expect(await startOf('a.tar.gz')).toBe('1f8b');
  expect(await startOf('a.tar')).toBe('6f63');
  expect(await startOf('a.bin', { compression: 'none' })).toBe('6f63');
  const refused = appWriter().write(join(directory, 'a.zip'));
  await expect(refused).rejects.toMatchObject({ code: 'ERR_OCI_INVALID_OPTION', argument: 'target' });
});
