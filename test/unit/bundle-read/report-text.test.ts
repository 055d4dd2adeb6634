import { describe, expect, it } from 'vitest';
import { formatReport } from '../../../src/bundle/format-report.js';
import { tarOf } from './archives.js';
import { app, appBundle, filesOf, onlyFinding, validate } from './bundles.js';
import { artifactOf, forged } from './forge.js';

const bundle = await appBundle({ layoutReferrers: 'untagged' });
const files = await filesOf(bundle);
const subject = app.image.descriptor.digest;

describe('the text of a report', () => {
  it('counts one of a thing as one', async () => {
    const text = formatReport(await validate(tarOf(files.filter(([path]) => path !== 'oci-layout'))));
    expect(text).toContain(`1 error, 0 warnings; ${files.length - 1} entries`);
    const nothing = formatReport(await validate(Buffer.from('x')));
    expect(nothing).toMatch(/1 error, 0 warnings; 0 entries, 0 bytes checked/);
  });

  it('gives a digest in full once, and short where it is read in a sentence', async () => {
    const at = files.findIndex(([path]) => path.startsWith('blobs/'));
    const [path = '', content = Buffer.alloc(0)] = files[at] ?? [];
    const twice = [...files.slice(0, at + 1), [path, content] as const, ...files.slice(at + 1)];
    const lines = formatReport(await validate(tarOf(twice))).split('\n');
    expect(lines).toContain(
      `error EntryDuplicate: ${path.slice(0, 'blobs/sha256/'.length + 12)}… is in the archive twice`,
    );
    expect(lines).toContain(`  path:     ${path}`);
  });
});

describe('a finding', () => {
  it('about a blob in the wrong place says which image and referrer it belongs to', async () => {
    const { digest } = artifactOf({ record: recordOf() } as Parameters<typeof artifactOf>[0], subject);
    const name = `blobs/${digest.replace(':', '/')}`;
    const at = files.findIndex(([path]) => path === name);
    const twice = [...files.slice(0, at + 1), ...files.slice(at)];
    expect(onlyFinding(await validate(tarOf(twice)))).toMatchObject({
      code: 'EntryDuplicate',
      image: recordOf().images[0]?.reference,
      subject,
      digest,
      path: name,
    });
  });

  it('about a manifest that cannot be read says which image it belongs to', async () => {
    const broken = await forged(bundle, ({ record, contents, mediaTypes }) => {
      const bytes = Buffer.from('{}');
      const [image] = record.images;
      if (image === undefined) throw new Error('the fixture has an image');
      const digest = 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a';
      contents.set(`blobs/${digest.replace(':', '/')}`, bytes);
      mediaTypes.set(`blobs/${digest.replace(':', '/')}`, image.mediaType);
      record.images.push({ ...image, digest, size: 2, reference: 'registry.example.com/team/broken:1' });
    });
    const { findings } = await validate(broken);
    expect(findings).toContainEqual(
      expect.objectContaining({
        ruleId: 'manifests',
        code: 'OciManifestInvalid',
        image: 'registry.example.com/team/broken:1',
      }),
    );
  });
});

function recordOf(): Parameters<typeof artifactOf>[0]['record'] {
  const text = files.find(([path]) => path === 'bundle.json')?.[1].toString() ?? '';
  return JSON.parse(text) as Parameters<typeof artifactOf>[0]['record'];
}
