import { execFile } from 'node:child_process';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BundleReader } from '../../../src/bundle/bundle-reader.js';
import { formatReport } from '../../../src/bundle/format-report.js';
import { ImportValidator } from '../../../src/bundle/import-validator.js';
import { defaultRules } from '../../../src/bundle/rules.js';
import { encodeEntryHeader, endOfArchive } from '../../../src/bundle/tar-header.js';
import type { ValidationRule } from '../../../src/bundle/validation-rule.js';
import { parseManifest } from '../../../src/oci/manifest.js';
import { mediaTypes } from '../../../src/oci/media-types.js';
import { fileOf, storedGzip, tarOf } from './archives.js';
import { appBundle, codesOf, filesOf, onlyFinding, rebuilt, replace, validate } from './bundles.js';
import { forged } from './forge.js';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'validator-'));
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});

async function stored(name: string, bytes: Buffer): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, bytes);
  return path;
}

describe('bundle.json', () => {
  const withRecord = (text: string): Buffer =>
    tarOf([
      ['oci-layout', 'x'],
      ['index.json', 'x'],
      ['bundle.json', text],
      ['manifest.yaml', 'x'],
    ]);

  it.each([
    ['not JSON', 'hello', 'BundleRecordInvalid'],
    ['two values', '{"schemaVersion":1}{}', 'BundleRecordInvalid'],
    ['of a later version', '{"schemaVersion":2,"new":true}', 'VersionUnsupported'],
    ['without most fields', '{"schemaVersion":1}', 'BundleRecordInvalid'],
    ['deeply nested', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'BundleRecordInvalid'],
    ['a flood of brackets', `[${'[],'.repeat(400_000)}[]]`, 'LimitExceeded'],
    ['a flood of wrong entries', `{"schemaVersion":1,"entries":[${'0,'.repeat(400_000)}0]}`, 'BundleRecordInvalid'],
  ])('is refused at once when it is %s', async (_name, text, code) => {
    const started = performance.now();
    const report = await validate(withRecord(text));
    expect(onlyFinding(report)).toMatchObject({ code, path: 'bundle.json' });
    expect(report.bundle).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(5000);
    expect(formatReport(report)).toContain('not a bundle that can be read');
  });

  it('is missed when it is not there, or not in its place', async () => {
    expect(codesOf(await validate(endOfArchive))).toEqual(['BundleRecordMissing']);
    expect(codesOf(await validate(tarOf([['oci-layout', 'x']])))).toEqual(['BundleRecordMissing']);
    const without = await rebuilt(await appBundle(), (files) => files.filter(([path]) => path !== 'bundle.json'));
    expect(codesOf(await validate(without))).toEqual(['BundleRecordMissing']);
  });

  it('is refused in another form of the same JSON', async () => {
    const compact = replace('bundle.json', (bytes) => JSON.stringify(JSON.parse(bytes.toString())));
    const report = await validate(await rebuilt(await appBundle(), compact));
    expect(codesOf(report)).toContain('BundleRecordInvalid');
  });

  it('cannot redraw a terminal through a message', async () => {
    const bundle = await forged(await appBundle(), ({ record }) => {
      for (const list of record.referrers.subjects) {
        for (const artifact of list.artifacts) artifact.artifactType = '\u001b[2Jevil\u202e';
      }
    });
    const text = formatReport(await validate(bundle), { subjects: true });
    expect(text).toContain('\\u001b[2Jevil\\u202e');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may be there.
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  });
});

describe('a hostile bundle', () => {
  it('does not make a manifest of wrong items expensive', () => {
    const flood = Buffer.from(`{"schemaVersion":2,"config":{},"layers":[${'0,'.repeat(1_900_000)}0]}`);
    const started = performance.now();
    expect(() => parseManifest(flood, mediaTypes.ociManifest, 'flood')).toThrow(/flood/);
    expect(performance.now() - started).toBeLessThan(3000);
  });

  it('cannot go on beyond what its record declares, however well it compresses', async () => {
    const files = await filesOf(await appBundle());
    const extra = encodeEntryHeader(`blobs/sha256/${'f'.repeat(64)}`, 8 ** 11 - 1);
    const packed = gzipSync(Buffer.concat([tarOf(files).subarray(0, -1024), extra, Buffer.alloc(2 ** 20)]));
    expect(codesOf(await validate(packed))).toEqual(['LimitExceeded']);
    const many = Array.from({ length: 200 }, () => fileOf('../x', ''));
    const flood = Buffer.concat([tarOf(files).subarray(0, -1024), ...many, endOfArchive]);
    const report = await validate(flood);
    expect(codesOf(report)).toEqual(['EntryUnsafe', 'LimitExceeded']);
    expect(report.findings.length).toBeLessThan(100);
  });

  it('has its findings counted beyond the ones that are kept', async () => {
    const changed = await rebuilt(await appBundle(), (files) => files.filter(([path]) => !path.startsWith('blobs/')));
    const report = await validate(changed, { limits: { maxFindings: 2 } });
    expect(report.findings).toHaveLength(2);
    expect(report.findingsDropped).toBeGreaterThan(3);
    expect(formatReport(report)).toContain(`and ${report.findingsDropped} more findings`);
  });
});

describe('rules', () => {
  it('can be added, left out and put into another order', async () => {
    const seen: string[] = [];
    const own: ValidationRule = {
      id: 'own',
      onRecord: ({ record }) => void seen.push(record.bundleId),
      onEntry: (_context, { path }) => void seen.push(path),
      onEnd: async ({ report, isComplete }) => {
        await Promise.resolve();
        report({ code: 'EntryUnexpected', severity: 'warning', message: `complete: ${String(isComplete)}` });
      },
    };
    const changed = await rebuilt(
      await appBundle(),
      replace('manifest.yaml', () => 'changed'),
    );
    const kept = defaultRules.filter(({ id }) => id !== 'derived-files');
    const report = await validate(changed, { rules: [own, ...kept] });
    expect(onlyFinding(report)).toMatchObject({ ruleId: 'own', message: 'complete: true', severity: 'warning' });
    expect(report.ok).toBe(true);
    expect(seen.slice(1, 5)).toEqual(['oci-layout', 'index.json', 'bundle.json', 'manifest.yaml']);
    expect(seen).toHaveLength(report.entriesChecked + 1);
  });
});

describe('a source', () => {
  it('that cannot be read is an error with a hint', async () => {
    const validator = new ImportValidator();
    for (const path of [join(directory, 'none'), directory]) {
      await expect(validator.validate(path)).rejects.toMatchObject({ code: 'ERR_OCI_BUNDLE_SOURCE', path });
    }
    const fifo = join(directory, 'fifo');
    await promisify(execFile)('mkfifo', [fifo]);
    await expect(validator.validate(fifo)).rejects.toMatchObject({ code: 'ERR_OCI_BUNDLE_SOURCE' });
    const broken = new Readable({ read: () => undefined });
    broken.destroy(new Error('unplugged'));
    await expect(validator.validate(broken)).rejects.toMatchObject({ code: 'ERR_OCI_BUNDLE_SOURCE' });
  });

  it('that never ends is left when the caller aborts, with the reason of the caller', async () => {
    const bundle = await appBundle();
    const endless = new Readable({ read: () => undefined });
    endless.push(bundle.subarray(0, 3000));
    const controller = new AbortController();
    const reason = { why: 'enough' };
    const validating = new ImportValidator().validate(endless, { signal: controller.signal });
    setImmediate(() => {
      controller.abort(reason);
    });
    await expect(validating).rejects.toBe(reason);
    expect(endless.destroyed).toBe(true);
    const path = await stored('abort.tar', bundle);
    await expect(new ImportValidator().validate(path, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe('a bundle that is read again', () => {
  it.each(['none', 'store'] as const)('gives each entry from its place in the file: %s', async (compression) => {
    const big = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * 7) % 251));
    const files = await filesOf(await appBundle());
    const tar = tarOf([...files, [`blobs/sha256/${'f'.repeat(64)}`, big]]);
    const path = await stored(`${compression}.tgz`, compression === 'none' ? tar : await storedGzip(tar));
    await using reader = new BundleReader(path);
    await new ImportValidator().validate(reader);
    expect(reader.compression).toBe(compression);
    for (const [name, content] of await filesOf(tar)) {
      expect((await buffer(await reader.readEntry(name))).equals(Buffer.from(content)), name).toBe(true);
    }
  });

  it('says so when it cannot be, or when the file was written to in between', async () => {
    const bundle = await appBundle();
    const packed = await stored('packed.tgz', gzipSync(bundle));
    await using compressed = new BundleReader(packed);
    await new ImportValidator().validate(compressed);
    await expect(compressed.readEntry('bundle.json')).rejects.toMatchObject({ code: 'ERR_OCI_BUNDLE_SOURCE' });
    const path = await stored('plain.tar', bundle);
    await utimes(path, 1, 1);
    await using reader = new BundleReader(path);
    await expect(reader.readEntry('bundle.json')).rejects.toThrow(/iterate|read/);
    const { report, record } = await new ImportValidator().validateReader(reader);
    expect(record?.bundleId).toBe(report.bundle?.bundleId);
    await reader.assertUnchanged();
    // Size and modification time are as before; the time of this change itself cannot be set.
    await writeFile(path, bundle);
    await utimes(path, 1, 1);
    await expect(reader.assertUnchanged()).rejects.toMatchObject({ code: 'ERR_OCI_BUNDLE_CHANGED' });
    await expect(buffer(await reader.readEntry('bundle.json'))).rejects.toMatchObject({
      code: 'ERR_OCI_BUNDLE_CHANGED',
    });
  });
});
