import { randomInt } from 'node:crypto';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { blobPath, referrerPath } from '../../../src/bundle/entry-paths.js';
import { formatReport } from '../../../src/bundle/format-report.js';
import { ImportValidator } from '../../../src/bundle/import-validator.js';
import { appReference } from '../bundle-write/helpers.js';
import { storedGzip, type TestFile } from './archives.js';
import { app, appBundle, codesOf, onlyFinding, rebuilt, replace, validate } from './bundles.js';

const subject = app.image.descriptor.digest;
const sbom = app.sbom.descriptor.digest;
const sbomPath = referrerPath(subject, sbom);
const flip = (bytes: Buffer): Buffer => Buffer.from(bytes.map((byte, at) => (at === 10 ? byte ^ 1 : byte)));

describe('a bundle as it was written', () => {
  it.each(['none', 'store'] as const)('is valid without a single finding: %s', async (compression) => {
    const report = await validate(await appBundle({ compression }), { strict: true });
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({ ok: true, findingsDropped: 0, compression, signed: false });
    expect(report.bundle?.images.map(({ reference }) => reference)).toEqual([appReference]);
    expect(report.subjects[0]).toEqual({ image: appReference, subject, expected: 1, found: 1, ok: 1, complete: true });
  });

  it.each(['both', 'untagged', 'tag-schema', 'none'] as const)(
    'is valid with layoutReferrers %s',
    async (layoutReferrers) => {
      expect((await validate(await appBundle({ layoutReferrers }), { strict: true })).findings).toEqual([]);
    },
  );

  it('is valid in whatever pieces it arrives', async () => {
    const bytes = await appBundle({ compression: 'store' });
    for (const size of [1, 511, 65_541]) {
      const pieces = Readable.from(
        (function* () {
          for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
        })(),
      );
      expect((await new ImportValidator().validate(pieces)).findings).toEqual([]);
    }
  });
});

describe('a bundle somebody changed', () => {
  it.each(['none', 'store'] as const)('has a finding wherever a byte was changed: %s', async (compression) => {
    const bundle = await appBundle({ compression });
    const seed = randomInt(2 ** 31);
    for (let state = seed, turn = 0; turn < 150; turn++) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
      const at = state % bundle.length;
      const changed = Buffer.from(bundle);
      changed[at] = (changed[at] ?? 0) ^ (1 << (state >>> 28));
      const report = await validate(changed);
      expect(report.ok, `seed ${seed}, byte ${at}`).toBe(false);
    }
  });

  it('is told with image, subject, path, expected and found when a referrer was tampered with', async () => {
    const report = await validate(await rebuilt(await appBundle(), replace(sbomPath, flip)));
    expect(onlyFinding(report)).toMatchObject({
      ruleId: 'entries',
      code: 'ReferrerChecksumMismatch',
      severity: 'error',
      image: appReference,
      subject,
      digest: sbom,
      path: sbomPath,
      expected: sbom,
      actual: expect.stringMatching(/^sha256:[a-f0-9]{64}$/) as unknown,
    });
    expect(report.subjects[0]).toMatchObject({ expected: 1, found: 1, ok: 0 });
    const text = formatReport(report, { subjects: true });
    for (const part of [appReference, subject, sbomPath, sbom, 'next:', `0/1 ${subject}`, 'unsigned']) {
      expect(text).toContain(part);
    }
  });

  it('is told in short messages: what stands in a field of its own is not said twice', async () => {
    const changes = [sbomPath, blobPath(sbom), blobPath(subject)].flatMap((path) => [
      replace(path, flip),
      replace(path, (bytes) => `${bytes.toString()} `),
      (files: TestFile[]): TestFile[] => files.filter(([name]) => name !== path),
    ]);
    for (const change of changes) {
      const { findings } = await validate(await rebuilt(await appBundle(), change));
      expect(findings.length).toBeGreaterThan(0);
      for (const { message } of findings) {
        expect(message).not.toMatch(/[a-f0-9]{13}|registry\.example\.com/);
        expect(message.length).toBeLessThan(140);
      }
    }
  });

  it('is told when a referrer has another size, or is missing', async () => {
    const longer = await rebuilt(
      await appBundle(),
      replace(sbomPath, (bytes) => `${bytes.toString()} `),
    );
    expect(onlyFinding(await validate(longer))).toMatchObject({ code: 'ReferrerSizeMismatch', path: sbomPath });
    const without = await rebuilt(await appBundle(), (files) => files.filter(([path]) => path !== sbomPath));
    const report = await validate(without);
    expect(onlyFinding(report)).toMatchObject({ code: 'ReferrerMissing', image: appReference, subject, digest: sbom });
    expect(report.subjects[0]).toMatchObject({ expected: 1, found: 0, ok: 0 });
  });

  it('is told which referrer a changed blob belongs to', async () => {
    const report = await validate(await rebuilt(await appBundle(), replace(blobPath(sbom), flip)));
    expect(codesOf(report)).toEqual(['BlobChecksumMismatch']);
    expect(report.findings[0]).toMatchObject({ image: appReference, subject, digest: sbom });
    expect(report.findings[0]?.message).toContain(`the manifest of referrer ${sbom.slice(0, 19)} (`);
    const layer = app.sbom.blobs.find(({ bytes }) => Buffer.from(bytes).includes('CycloneDX'))?.descriptor.digest ?? '';
    const changed = await validate(await rebuilt(await appBundle(), replace(blobPath(layer), flip)));
    expect(onlyFinding(changed)?.message).toContain(`content of referrer ${sbom.slice(0, 19)} (`);
    expect(changed.subjects[0]).toMatchObject({ ok: 0 });
  });

  it('is told when a layer of the image is changed, longer or missing', async () => {
    const path = blobPath(app.image.blobs.at(-1)?.descriptor.digest ?? '');
    const codes = async (change: Parameters<typeof rebuilt>[1]): Promise<unknown> =>
      codesOf(await validate(await rebuilt(await appBundle(), change)));
    expect(await codes(replace(path, flip))).toEqual(['BlobChecksumMismatch']);
    expect(await codes(replace(path, (bytes) => Buffer.concat([bytes, bytes])))).toEqual(['BlobSizeMismatch']);
    expect(await codes((files) => files.filter(([name]) => name !== path))).toEqual(['BlobMissing']);
  });

  it.each(['manifest.yaml', 'checksums.sha256'])('is told when %s says something else', async (path) => {
    const changed = await rebuilt(await appBundle(), replace(path, flip));
    expect(onlyFinding(await validate(changed))).toMatchObject({ code: 'DerivedFileMismatch', path });
    const without = await rebuilt(await appBundle(), (files) => files.filter(([name]) => name !== path));
    expect(onlyFinding(await validate(without))).toMatchObject({ code: 'EntryMissing', path });
  });

  it.each(['oci-layout', 'index.json', 'indexes/referrers.index.json'])('is told when %s is changed', async (path) => {
    const changed = await rebuilt(await appBundle(), replace(path, flip));
    expect(onlyFinding(await validate(changed))).toMatchObject({ code: 'EntryChecksumMismatch', path });
  });

  it('is told when a file was added', async () => {
    const hex = 'f'.repeat(64);
    const added = async (path: string, before: string): Promise<unknown> => {
      const bundle = await rebuilt(await appBundle(), (files) => {
        const at = before === '' ? files.length : files.findIndex(([name]) => name.startsWith(before));
        return files.toSpliced(at, 0, [path, 'x']);
      });
      return codesOf(await validate(bundle));
    };
    expect(await added(`blobs/sha256/${hex}`, '')).toEqual(['EntryUnexpected']);
    expect(await added(`referrers/sha256-${hex}/sha256-${hex}.json`, 'blobs/')).toEqual(['ReferrerUnexpected']);
    expect(await added('checksums.sha512', 'indexes/')).toEqual(['EntryUnexpected']);
    expect(await added('signatures/00.sigstore.json', 'indexes/')).toEqual(['SignatureInvalid']);
  });

  it('names the first missing entries only when the file was cut short', async () => {
    const bundle = await appBundle();
    const report = await validate(bundle.subarray(0, bundle.length - 3000));
    expect(report.findings[0]).toMatchObject({ ruleId: 'archive', code: 'ArchiveTruncated' });
    expect(report.findings.length).toBeLessThan(6);
    expect(codesOf(report)).toEqual(['ArchiveTruncated', 'BlobMissing']);
    const packed = await storedGzip(bundle);
    expect(codesOf(await validate(packed.subarray(0, packed.length - 8)))).toEqual(['ArchiveTruncated']);
  });
});
