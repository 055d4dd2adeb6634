import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { exportBundle } from '@stellaops/oci-referrers';
import { beforeAll, expect, it } from 'vitest';
import { copyToLayout, inspect, listInLayout } from './support/judges.js';
import { nativeRegistry } from './support/registries.js';
import { discover, listsOf, openSource, type Source } from './support/source.js';
import { describeWith, run, shell } from './support/tools.js';
import { tag } from './support/workspace.js';

for (const [fileName, flag] of [
  ['bundle.tgz', 'z'],
  ['bundle.tar', ''],
] as const) {
  describeWith(['go', 'skopeo'], `what other tools make of ${fileName}`, () => {
    let source: Source;
    let bundle: string;
    let layout: string;
    beforeAll(async () => {
      source = await openSource(nativeRegistry);
      bundle = join(source.directory, fileName);
      layout = join(source.directory, 'layout');
      await exportBundle(source.resolver, [`${source.repository}:${tag}`], { output: bundle });
      await mkdir(layout);
      await run('tar', ['--extract', '--file', bundle, '--directory', layout]);
      return () => source.close();
    });

    it('lists every referrer to tar, under its subject', async () => {
      const lists = listsOf(await discover(source.resolver, source.repository));
      const expected = [...lists].flatMap(([subject, lines]) => lines.map((line) => pathOf(subject, line)));
      expect(expected).toHaveLength(source.evidence.referrers.length);
      const listed = await shell(`tar -t${flag}f "$1" | grep "^referrers/"`, bundle);
      expect(listed.trimEnd().split('\n').sort()).toEqual(expected.sort());
    });

    it('shows the referrers section of manifest.yaml to grep', async () => {
      const section = await shell(`tar -x${flag}f "$1" -O manifest.yaml | grep -A5 "referrers:"`, bundle);
      expect(section).toMatch(/^referrers:\n {2}subjects:\n {4}- subject: "sha256:[a-f0-9]{64}"\n {6}reference: "/m);
    });

    it('names every referrer by the checksum sha256sum finds', async () => {
      const paths = await shell(`tar -t${flag}f "$1" | grep "^referrers/"`, bundle);
      for (const path of paths.trimEnd().split('\n')) {
        const line = await shell(`tar -x${flag}f "$1" -O "$2" | sha256sum`, bundle, path);
        expect(path).toContain(`/sha256-${line.slice(0, 64)}.json`);
      }
    });

    it('passes sha256sum -c after extraction, every file but the list itself', async () => {
      const checked = await shell('cd "$1" && sha256sum --strict -c checksums.sha256', layout);
      const files = await shell('cd "$1" && find . -type f ! -name checksums.sha256 -printf "%P: OK\\n"', layout);
      expect(checked.trimEnd().split('\n').sort()).toEqual(files.trimEnd().split('\n').sort());
    });

    it('is an image layout to skopeo, by the name of the tag', async () => {
      const image = `oci:${layout}:${tag}`;
      expect(await inspect(image)).toBe(source.image.digest);
      expect(await copyToLayout(image, join(source.directory, 'copied'))).toBe(source.image.digest);
    });

    it('is an image layout whose referrers oras-go and regclient find', async () => {
      for (const [digest, expected] of listsOf(await discover(source.resolver, source.repository))) {
        expect(await listInLayout(layout, digest)).toEqual({ oras: expected, regclient: expected });
      }
    });
  });
}

/** Path of a referrer in a bundle, from a line as other clients give it. */
function pathOf(subject: string, line: string): string {
  const digest = line.split(' ')[0] ?? '';
  return `referrers/${subject.replace(':', '-')}/${digest.replace(':', '-')}.json`;
}
