import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { buildArtifact } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import { BundleWriter } from '../../../src/bundle/bundle-writer.js';
import { blobPath } from '../../../src/bundle/entry-paths.js';
import { formatReport } from '../../../src/bundle/format-report.js';
import { ImportValidator } from '../../../src/bundle/import-validator.js';
import { readBundleRecord } from '../../../src/bundle/read-record.js';
import { encodeEntryHeader } from '../../../src/bundle/tar-header.js';
import { mediaTypes } from '../../../src/oci/media-types.js';
import { appReference, MemorySource, sbomType } from '../bundle-write/helpers.js';
import { fileOf, patchHeader, type TestFile } from './archives.js';
import { app, appBundle, codesOf, filesOf, onlyFinding, rebuilt, replace, validate } from './bundles.js';
import { artifactOf, type Forgery, forged, put } from './forge.js';

const subject = app.image.descriptor.digest;
const annotations = (count: number, value = 'v'): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`key${at}`, value]));

/** Makes a header one of a directory. */
function asDirectory(header: Buffer): Buffer {
  return patchHeader(header, 156, '5');
}

describe('a record with more than a validator should work through', () => {
  it.each<[string, (forgery: Forgery) => unknown]>([
    [
      'requirements',
      ({ record }) => {
        for (let at = 0; at < 65; at++) record.requireReferrers.push({ artifactType: `t/${at}`, min: 1 });
      },
    ],
    ['annotations', (forgery) => Object.assign(artifactOf(forgery, subject), { annotations: annotations(1001) })],
    [
      'text in annotations',
      (forgery) => Object.assign(artifactOf(forgery, subject), { annotations: annotations(5, 'x'.repeat(2 ** 20)) }),
    ],
  ])('is refused for its %s', async (_name, edit) => {
    const bundle = await forged(await appBundle({ layoutReferrers: 'untagged' }), edit);
    expect(onlyFinding(await validate(bundle))).toMatchObject({ code: 'LimitExceeded', path: 'bundle.json' });
  });

  it('is refused when it requires one type twice', async () => {
    const twice = ({ record }: Forgery): void => {
      for (let at = 0; at < 2; at++) record.requireReferrers.push({ artifactType: sbomType, min: 1 });
    };
    const bundle = await forged(await appBundle({ layoutReferrers: 'untagged' }), twice);
    expect(onlyFinding(await validate(bundle))).toMatchObject({ code: 'BundleRecordInvalid' });
  });

  it('is not written either', async () => {
    const content = { artifactType: sbomType, subject: app.image.descriptor, content: 'x' };
    const source = new MemorySource([app.image, buildArtifact({ ...content, annotations: annotations(1001) })]);
    const writer = new BundleWriter().add({ source, reference: appReference, descriptor: app.image.descriptor });
    await expect(writer.plan()).rejects.toMatchObject({ code: 'ERR_OCI_LIMIT_EXCEEDED', limitName: 'annotations' });
  });

  it('stops a rule whose images lead to the same manifests millions of times', async () => {
    const children = Array.from({ length: 2500 }, (_, at) => {
      const digest = `sha256:${at.toString(16).padStart(64, '0')}`;
      return { mediaType: mediaTypes.ociManifest, digest, size: 1 };
    });
    const index = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: children }),
    );
    const flood = (forgery: Forgery): void => {
      const digest = put(forgery, index, mediaTypes.ociIndex);
      const platforms = { included: [], missing: ['unknown/unknown'] };
      const image = { digest, mediaType: mediaTypes.ociIndex, size: index.length, platforms };
      for (let at = 0; at < 1100; at++) forgery.record.images.push({ ...image, reference: `h.example.com/r${at}:t` });
    };
    const report = await validate(await forged(await appBundle({ layoutReferrers: 'untagged' }), flood), {
      requireReferrers: [{ artifactType: sbomType, min: 1 }],
      limits: { maxFindings: 10_000 },
    });
    const limits = report.findings.filter(({ code }) => code === 'LimitExceeded');
    expect(limits.map(({ ruleId }) => ruleId)).toEqual(['lists', 'required-referrers']);
  });
});

describe('headers with nothing behind them', () => {
  it('are read no further when there are too many before bundle.json', async () => {
    const flood = Buffer.concat(Array.from({ length: 100 }, () => encodeEntryHeader('oci-layout', 0)));
    const { findings } = await validate(Buffer.concat([flood, await appBundle()]));
    expect(findings.at(-1)).toMatchObject({ code: 'LimitExceeded', expected: '64' });
    expect(findings.length).toBeLessThan(70);
  });

  it('are read no further when the names in an image layout come to more than they may', async () => {
    const below = `/${'x'.repeat(31)}`.repeat(31);
    const flood = Array.from({ length: 1100 }, (_, at) => encodeEntryHeader(`${at}${below}`, 0));
    const report = await validate(Buffer.concat(flood), { format: 'layout' });
    expect(onlyFinding(report)).toMatchObject({ code: 'LimitExceeded', expected: String(16 * 2 ** 20) });
  });

  it('are read no further when an image layout has too many of them', async () => {
    const flood = Buffer.concat(Array.from({ length: 1000 }, () => fileOf('./', '')).map(asDirectory));
    const many = Readable.from(Array.from({ length: 151 }, () => flood));
    const report = await new ImportValidator({ format: 'layout' }).validate(many);
    expect(onlyFinding(report)).toMatchObject({ code: 'LimitExceeded', expected: '150000' });
  });
});

describe('what stands before bundle.json', () => {
  const cap = 24 * 2 ** 20;
  const files = async (): Promise<TestFile[]> => await filesOf(await appBundle());
  /** An archive that says an entry is larger than it may be, and has some of it, very well compressed. */
  const cut = (before: readonly TestFile[], path: string, size: number): Buffer => {
    const parts = before.map(([name, content]) => fileOf(name, content));
    return gzipSync(Buffer.concat([...parts, encodeEntryHeader(path, size), Buffer.alloc(2 ** 20)]));
  };

  it.each([
    ['index.json', cap + 1],
    ['bundle.json', cap + 1],
    ['../../etc/passwd', 8 ** 11 - 1],
  ])('is not read when %s is larger than it may be', async (path, size) => {
    const all = await files();
    const at = path.startsWith('..') ? 1 : all.findIndex(([name]) => name === path);
    const bundle = cut(all.slice(0, at), path, size);
    const report = await validate(bundle);
    expect(report.findings.at(-1)).toMatchObject({ code: 'LimitExceeded' });
    expect(codesOf(report)).not.toContain('ArchiveTruncated');
    await expect(readBundleRecord(Readable.from([bundle]))).rejects.toMatchObject({ code: 'ERR_OCI_BUNDLE_INVALID' });
  });

  it('is held to the limit of the caller', async () => {
    const report = await validate(await appBundle(), { limits: { maxRecordBytes: 100 } });
    expect(onlyFinding(report)).toMatchObject({ code: 'LimitExceeded', path: 'index.json', expected: '100' });
  });

  it('decides: after a record that cannot be read, nothing more is', async () => {
    const broken = await rebuilt(
      await appBundle(),
      replace('bundle.json', () => '{}'),
    );
    const bomb = Buffer.concat([broken.subarray(0, -1024), encodeEntryHeader(blobPath(subject), 8 ** 11 - 1)]);
    const report = await validate(bomb);
    expect(onlyFinding(report)).toMatchObject({ code: 'BundleRecordInvalid' });
    expect(report.entriesChecked).toBe(3);
  });
});

it('a report lists subjects by image, in whatever order they come', async () => {
  const report = await validate(await appBundle());
  const [first] = report.subjects;
  if (first === undefined) throw new Error('the fixture has a subject');
  const subjects = ['one', 'two', 'one'].map((image) => ({ ...first, image }));
  const text = formatReport({ ...report, subjects }, { subjects: true });
  expect(text).toContain(`  one\n    1/1 ${subject}\n    1/1 ${subject}\n  two\n    1/1 ${subject}\n`);
});
