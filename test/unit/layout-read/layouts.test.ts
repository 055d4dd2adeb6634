import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildCorpusBase, corpusReference, withFiles } from '../../../scripts/corpus/corpus-base.js';
import { formatReport } from '../../../src/bundle/format-report.js';
import { ImportValidator, type ImportValidatorOptions } from '../../../src/bundle/import-validator.js';
import type { ValidationReport } from '../../../src/bundle/validation-report.js';
import { mediaTypes } from '../../../src/oci/media-types.js';
import { referrersTag } from '../../../src/oci/referrers-tag.js';
import { blobFile, type TestFile, tarOf } from '../bundle-read/archives.js';
import { codesOf, onlyFinding, validate } from '../bundle-read/bundles.js';
import { placeOf } from '../bundle-read/forge.js';

const run = promisify(execFile);
const base = await buildCorpusBase();
const layoutOnly = base.files.filter(([path]) => /^(?:oci-layout$|index\.json$|blobs\/)/.test(path));
const read = (bytes: Buffer, options: ImportValidatorOptions = {}): Promise<ValidationReport> =>
  validate(bytes, { ...options, format: 'layout' });
const tarWith = (files: readonly TestFile[]): Buffer => tarOf(files);
const sbomType = 'application/vnd.cyclonedx+json';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'layout-read-'));
  for (const [path, content] of base.files) {
    await mkdir(dirname(join(directory, 'layout', path)), { recursive: true });
    await writeFile(join(directory, 'layout', path), content);
  }
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});

describe('an image layout as tar packs a directory', () => {
  it.each([
    ['ustar', ['--format=ustar', '.']],
    ['PAX, with times', ['--format=posix', '.']],
    ['PAX, with a time for everything', ['--format=posix', '--pax-option=delete=atime,delete=ctime', '.']],
    ['GNU, without names that are too long', ['--format=gnu', '--exclude=./referrers', '.']],
    ['names without a dot', ['--format=posix', 'blobs', 'index.json', 'oci-layout']],
    ['index.json first', ['--format=ustar', 'index.json', 'oci-layout', 'blobs']],
    ['gzip, with a name and a time', ['--format=ustar', '--use-compress-program=gzip', '.']],
  ])('is valid: %s', async (name, args) => {
    const file = join(directory, `${name.replaceAll(' ', '-')}.tar`);
    await run('tar', ['-cf', file, '-C', join(directory, 'layout'), ...args]);
    const report = await new ImportValidator({ format: 'layout', strict: true }).validate(file);
    expect(report.findings).toEqual([]);
    expect(report.layout?.images).toMatchObject([{ name: corpusReference, digest: base.image.descriptor.digest }]);
    expect(report.layout?.referrers).toHaveLength(4);
  });

  it('is valid where gzip packed it under a name', async () => {
    const file = join(directory, 'named.tar');
    await writeFile(file, base.tar);
    await run('gzip', ['--keep', '--name', file]);
    expect((await read(await readFile(`${file}.gz`))).findings).toEqual([]);
  });

  it('shows image, referrers, how they are found, and what nobody looked into', async () => {
    const text = formatReport(await read(base.tar), { subjects: true });
    expect(text).toContain(`image     ${corpusReference}  ${base.image.descriptor.digest}\n`);
    expect(text).toContain('referrers 4: 4 as entries of index.json, 0 under referrers tags\n');
    expect(text).toContain(`${base.signature.descriptor.digest}  application/vnd.cncf.notary.signature\n`);
    expect(text).toMatch(/files {5}\d+ that are no part of a layout/);
    expect(text).toContain('unsigned: integrity, not authenticity');
  });
});

describe('an image layout that is not whole', () => {
  const without = (path: string): Buffer => tarWith(layoutOnly.filter(([name]) => name !== path));
  const changed = (path: string, edit: (text: string) => string | Buffer): Buffer =>
    tarWith(layoutOnly.map(([name, content]) => [name, name === path ? edit(content.toString()) : content]));

  it('is told what is missing', async () => {
    expect(codesOf(await read(without('oci-layout')))).toEqual(['EntryMissing']);
    expect(codesOf(await read(without('index.json')))).toEqual(['EntryMissing']);
    for (const [path] of layoutOnly.filter(([name]) => name.startsWith('blobs/'))) {
      expect(codesOf(await read(without(path))), path).toEqual(['BlobMissing']);
    }
  });

  it('is told what was changed, blob by blob', async () => {
    for (const [path] of layoutOnly.filter(([name]) => name.startsWith('blobs/'))) {
      const other = changed(path, (text) => Buffer.concat([Buffer.from([1]), Buffer.from(text).subarray(1)]));
      expect(codesOf(await read(other)), path).toEqual(['BlobChecksumMismatch']);
    }
  });

  it.each([
    ['oci-layout', (): string => '{"imageLayoutVersion":"2.0.0"}', 'VersionUnsupported'],
    ['oci-layout', (): string => '{}', 'OciIndexInvalid'],
    ['oci-layout', (): string => 'hello', 'OciIndexInvalid'],
    ['index.json', (): string => 'hello', 'OciIndexInvalid'],
    ['index.json', (text: string): string => `${text}{}`, 'OciIndexInvalid'],
    ['index.json', (text: string): string => text.replace('{', '{"manifests":[],'), 'OciIndexInvalid'],
    [
      'index.json',
      (text: string): string => text.replace('{', `{"deep":${'['.repeat(1e5)}${']'.repeat(1e5)},`),
      'OciIndexInvalid',
    ],
    ['index.json', (text: string): string => text.replace(/"size":\d+/, '"size":7'), 'BlobSizeMismatch'],
    [
      'index.json',
      (text: string): string => text.replace(mediaTypes.ociIndex, mediaTypes.ociManifest),
      'OciIndexInvalid',
    ],
    [
      'index.json',
      (text: string): string => text.replace(/(?<=manifests.*)image\.index/, 'image.manifest'),
      'OciManifestInvalid',
    ],
  ] as const)('is refused where %s says something wrong', async (path, edit, code) => {
    expect(codesOf(await read(changed(path, edit)))).toContain(code);
  });

  it('is told what breaks the specification below an index', async () => {
    const bytes = Buffer.from('{"schemaVersion":2,"manifests":[],"layers":[],"config":{}}');
    const { digest } = placeOf(bytes);
    const manifests = [{ mediaType: mediaTypes.ociIndex, digest, size: bytes.length }];
    const index = JSON.stringify({ schemaVersion: 2, manifests });
    expect(
      codesOf(
        await read(tarWith([['oci-layout', '{"imageLayoutVersion":"1.0.0"}'], ['index.json', index], blobFile(bytes)])),
      ),
    ).toEqual(['OciIndexInvalid']);
  });

  it('may have blobs that nothing leads to, and is told about a referrer among them', async () => {
    const stray = Buffer.from(base.signature.manifest);
    const index = changed('index.json', (text) => {
      const parsed = JSON.parse(text) as { manifests: { digest: string }[] };
      parsed.manifests = parsed.manifests.filter(({ digest }) => digest !== placeOf(stray).digest);
      return JSON.stringify(parsed);
    });
    const report = await read(index);
    const { digest } = placeOf(stray);
    expect(onlyFinding(report)).toMatchObject({ code: 'OrphanedReferrer', severity: 'warning', digest });
    expect(report.layout?.unreferenced).toBe(2);
    expect((await read(index, { strict: true })).ok).toBe(false);
  });

  it('is told when a list under a referrers tag names what is no referrer of that subject', async () => {
    const tag = referrersTag(base.image.descriptor.digest);
    const tagged = (target: { mediaType: string; digest: string; size: number }): Buffer => {
      const list = Buffer.from(
        JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [target] }),
      );
      const entry = { mediaType: mediaTypes.ociIndex, digest: placeOf(list).digest, size: list.length };
      const named = { ...entry, annotations: { 'org.opencontainers.image.ref.name': tag } };
      const files = layoutOnly.map(([name, content]): TestFile => {
        return [
          name,
          name === 'index.json'
            ? content.toString().replace('"manifests":[', `"manifests":[${JSON.stringify(named)},`)
            : content,
        ];
      });
      return tarWith([...files, blobFile(list)]);
    };
    const report = await read(tagged(base.sbom.descriptor));
    expect(report.findings).toEqual([]);
    expect(report.layout?.referrers.find(({ digest }) => digest === base.sbom.descriptor.digest)?.foundBy).toEqual([
      'untagged',
      'tag-schema',
    ]);
    expect(onlyFinding(await read(tagged(base.signature.descriptor)))).toMatchObject({
      code: 'ReferrerSubjectMismatch',
      expected: tag,
      actual: referrersTag(base.sbom.descriptor.digest),
    });
  });
});

describe('what can be asked of an image layout', () => {
  it('is which referrers its images have', async () => {
    expect((await read(base.tar, { requireReferrers: [{ artifactType: sbomType, min: 3 }] })).ok).toBe(true);
    const report = await read(base.tar, { requireReferrers: [{ artifactType: sbomType, min: 4 }] });
    expect(onlyFinding(report)).toMatchObject({ code: 'ReferrerRequiredMissing', image: corpusReference, actual: '3' });
    expect(codesOf(await read(base.tar, { checkReferrers: true }))).toEqual(['DiscoveryIncomplete']);
  });

  it.each([
    ['maxEntries', 3],
    ['maxTotalBytes', 2000],
    ['maxRecordBytes', 100],
    ['maxManifestBytes', 300],
    ['maxGraphBytes', 1000],
    ['maxDepth', 1],
  ])('ends at the limit %s', async (name, value) => {
    const nested = nestedLayout(3);
    expect(codesOf(await read(name === 'maxDepth' ? nested : base.tar, { limits: { [name]: value } }))).toContain(
      'LimitExceeded',
    );
    expect((await read(nested)).findings).toEqual([]);
  });

  it.each<[string, ImportValidatorOptions]>([
    ['rules', { rules: [] }],
    ['base', { base: 'earlier.tgz' }],
    ['requireSignature', { requireSignature: false }],
    ['expectPrevious', { expectPrevious: base.image.descriptor.digest }],
    ['format', { format: 'zip' as never }],
  ])('is nothing that needs a record: %s', (argument, options) => {
    expect(() => new ImportValidator({ format: 'layout', ...options })).toThrow(
      expect.objectContaining({ code: 'ERR_OCI_INVALID_OPTION', argument }),
    );
  });

  it('is not whether it is a bundle: that is the default', async () => {
    const report = await validate(withFiles(base, () => layoutOnly));
    expect(codesOf(report)).toEqual(['BundleRecordMissing']);
  });
});

/** A chain of indexes. */
function nestedLayout(depth: number): Buffer {
  const blobs: TestFile[] = [];
  let manifests: object[] = [];
  for (let level = 0; level < depth; level++) {
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }));
    blobs.push(blobFile(bytes));
    manifests = [{ mediaType: mediaTypes.ociIndex, digest: placeOf(bytes).digest, size: bytes.length }];
  }
  const index = JSON.stringify({ schemaVersion: 2, manifests });
  return tarOf([['oci-layout', '{"imageLayoutVersion":"1.0.0"}'], ['index.json', index], ...blobs]);
}
