import { describe, expect, it } from 'vitest';
import { encodeEntryHeader } from '../../../src/bundle/tar-header.js';
import type { ValidationLimits } from '../../../src/bundle/validation-rule.js';
import type { Descriptor } from '../../../src/oci/descriptor.js';
import { mediaTypes } from '../../../src/oci/media-types.js';
import { fileOf, tarOf } from './archives.js';
import { app, appBundle, filesOf, onlyFinding, validate } from './bundles.js';
import { type Forgery, forged, put } from './forge.js';

const plain = await appBundle({ layoutReferrers: 'untagged' });

/** One image more: an index of an index of an index of the app. */
const nested = await forged(plain, (forgery) => {
  let child: Descriptor = app.image.descriptor;
  for (let turn = 0; turn < 3; turn++) {
    const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [child] };
    const bytes = Buffer.from(JSON.stringify(index));
    child = { mediaType: mediaTypes.ociIndex, digest: put(forgery, bytes, mediaTypes.ociIndex), size: bytes.length };
  }
  const platforms = { included: [], missing: [] };
  forgery.record.images.push({ ...child, reference: 'registry.example.com/team/nested:1', platforms });
});

/** The value that is one too few for the bundle, and the one that is enough. */
const rows: readonly (readonly [keyof ValidationLimits, tooFew: number, enough: number])[] = [
  ['maxEntries', (await filesOf(nested)).length - 1, (await filesOf(nested)).length],
  ['maxTotalBytes', (await sizeOf(nested)) - 1, await sizeOf(nested)],
  ['maxRecordBytes', (await recordSize(nested)) - 1, await recordSize(nested)],
  ['maxImages', 1, 2],
  ['maxManifestBytes', 400, 4000],
  ['maxGraphBytes', 400, 100_000],
  ['maxDepth', 1, 3],
];

async function sizeOf(bundle: Buffer): Promise<number> {
  return (await filesOf(bundle)).reduce((sum, [, content]) => sum + content.length, 0);
}

async function recordSize(bundle: Buffer): Promise<number> {
  return (await filesOf(bundle)).find(([path]) => path === 'bundle.json')?.[1].length ?? 0;
}

describe('a limit of a validator', () => {
  it.each(rows)('%s stops what goes beyond it, and says so by its name', async (name, tooFew, enough) => {
    const report = await validate(nested, { limits: { [name]: tooFew } });
    const finding = report.findings.find(({ code }) => code === 'LimitExceeded');
    expect(finding?.message).toMatch(new RegExp(`${name}.* \\(${tooFew}\\)`));
    expect(finding).toMatchObject({ severity: 'error', expected: String(tooFew) });
    expect(report.ok).toBe(false);
    expect((await validate(nested, { limits: { [name]: enough } })).findings).toEqual([]);
  });

  it('maxFindings keeps as many findings, and counts the others', async () => {
    const files = (await filesOf(nested)).filter(([path]) => !path.startsWith('blobs/'));
    const all = await validate(tarOf(files));
    const few = await validate(tarOf(files), { limits: { maxFindings: 2 } });
    expect(few).toMatchObject({ findings: all.findings.slice(0, 2), findingsDropped: all.findings.length - 2 });
  });
});

describe('what bundle.json declares', () => {
  const members = async (): Promise<Buffer> => tarOf(await filesOf(plain)).subarray(0, -1024);

  it('is a limit of its own on the number of entries', async () => {
    const many = Array.from({ length: 65 }, (_, at) => fileOf(`blobs/sha256/${String(at).padStart(64, 'f')}`, ''));
    const report = await validate(Buffer.concat([await members(), ...many]));
    const declared = (await recordOf(plain)).entries.length + 64;
    const finding = report.findings.find(({ code }) => code === 'LimitExceeded');
    expect(finding).toMatchObject({ expected: String(declared) });
    expect(finding?.message).toContain(`what bundle.json says is in the bundle (maxEntries ${declared})`);
  });

  it('is a limit of its own on the bytes, long before that of the caller', async () => {
    const large = encodeEntryHeader(`blobs/sha256/${'f'.repeat(64)}`, 65 * 2 ** 20);
    const report = await validate(Buffer.concat([await members(), large]));
    const finding = onlyFinding(report);
    expect(finding).toMatchObject({ code: 'LimitExceeded' });
    expect(finding?.message).toContain('what bundle.json says is in the bundle (maxTotalBytes');
  });

  it('does not raise a limit of the caller', async () => {
    const { length } = await filesOf(plain);
    const report = await validate(plain, { limits: { maxEntries: length - 1 } });
    expect(onlyFinding(report)?.message).toContain(`goes beyond maxEntries (${length - 1})`);
  });

  async function recordOf(bundle: Buffer): Promise<Forgery['record']> {
    const record = (await filesOf(bundle)).find(([path]) => path === 'bundle.json')?.[1];
    return JSON.parse(record?.toString() ?? '') as Forgery['record'];
  }
});
