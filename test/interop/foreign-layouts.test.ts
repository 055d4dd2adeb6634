import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ImportValidator } from '@stellaops/oci-referrers';
import { expect, it } from 'vitest';
import { buildCorpusBase } from '../../scripts/corpus/corpus-base.js';
import { describeWith, run } from './support/tools.js';

describeWith(['skopeo'], 'an image layout that skopeo packed', () => {
  it.each([
    ['an index with all its platforms', ['--all'], 9],
    ['one platform', ['--override-os', 'linux', '--override-arch', 'amd64'], 5],
  ])('is valid without a finding: %s', async (_name, flags, entries) => {
    const directory = await mkdtemp(join(tmpdir(), 'foreign-layouts-'));
    try {
      for (const [path, content] of (await buildCorpusBase()).files) {
        await mkdir(dirname(join(directory, 'layout', path)), { recursive: true });
        await writeFile(join(directory, 'layout', path), content);
      }
      const file = join(directory, 'packed.tar');
      await run('skopeo', ['copy', '--quiet', ...flags, `oci:${directory}/layout:1.2`, `oci-archive:${file}:1.2`]);
      const report = await new ImportValidator({ format: 'layout', strict: true }).validate(file);
      expect(report).toMatchObject({ ok: true, findings: [], entriesChecked: entries });
      expect(report.layout?.images).toMatchObject([{ name: '1.2' }]);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
