import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ImportValidator, type ValidationReport } from '@stellaops/oci-referrers';
import { beforeAll, expect, it } from 'vitest';
import { type MultiPlatformImage, pushMultiPlatformImage } from './support/image.js';
import { copyClosureElsewhere, listInArchive, packWithRegclient } from './support/judges.js';
import { nativeRegistry } from './support/registries.js';
import { discover, listsOf, openSource, type Source } from './support/source.js';
import { describeWith, run, shell } from './support/tools.js';
import { tag } from './support/workspace.js';

type Lists = ReadonlyMap<string, readonly string[]>;

/** What validation says refers to what, in the form of {@link listsOf}. */
function referrersIn({ layout }: ValidationReport): Lists {
  const lists = new Map<string, string[]>();
  for (const { subject, digest, artifactType } of layout?.referrers ?? []) {
    lists.set(subject, [...(lists.get(subject) ?? []), `${digest} ${artifactType ?? ''}`].sort());
  }
  return lists;
}

describeWith(['go', 'tar'], 'an image layout that other tools packed', () => {
  let source: Source;
  let image: MultiPlatformImage;
  let expected: Lists;
  beforeAll(async () => {
    source = await openSource(nativeRegistry, async (pusher, name) => {
      image = await pushMultiPlatformImage(pusher, name);
      return image.index;
    });
    const lists = listsOf(await discover(source.resolver, source.repository));
    expected = new Map([...lists].filter(([, referrers]) => referrers.length > 0));
    return () => source.close();
  });

  const inFolder = (name: string): string => join(source.directory, name);
  const validate = async (file: string): Promise<ValidationReport> => {
    const report = await new ImportValidator({ format: 'layout', strict: true }).validate(file);
    expect(report).toMatchObject({ ok: true, findings: [], layout: { unreferenced: 0 } });
    return report;
  };

  it('by `regctl image export` is valid, and carries no referrers', async () => {
    const file = inFolder('exported.tar');
    await packWithRegclient(`${source.repository}:${tag}`, file);
    const { digest } = source.image;
    expect(await validate(file)).toMatchObject({ layout: { images: [{ digest }], referrers: [], otherFiles: 0 } });
  });

  it('by `regctl image export`, of one platform, is valid with the manifest.json that docker load reads', async () => {
    const [{ digest } = { digest: '' }] = image.platforms;
    const file = inFolder('platform.tar');
    await packWithRegclient(`${source.repository}@${digest}`, file);
    expect(await validate(file)).toMatchObject({ layout: { images: [{ digest }], referrers: [], otherFiles: 1 } });
  });

  it.each(['oras', 'regclient'] as const)(
    'by tar, from a directory that %s wrote, shows every referrer',
    async (tool) => {
      const layout = inFolder(tool);
      await copyClosureElsewhere(tool, `${source.repository}:${tag}`, layout);
      const file = `${layout}.tar`;
      await run('tar', ['--create', `--file=${file}`, `--directory=${layout}`, '.']);
      expect(referrersIn(await validate(file))).toEqual(expected);
    },
  );

  it('is found to have the referrers that oras-go finds in the same file', async () => {
    const layout = inFolder('for-oras');
    await copyClosureElsewhere('oras', `${source.repository}:${tag}`, layout);
    await shell('cd "$1" && tar --create --file="$1.tar" *', layout);
    const found = referrersIn(await validate(`${layout}.tar`));
    expect(found.size).toBeGreaterThan(0);
    for (const [subject, referrers] of found) {
      expect(await listInArchive(`${layout}.tar`, subject)).toEqual(referrers);
    }
  });

  it('in the form of docker save, gzipped, shows every referrer, and counts the files that are no part of it', async () => {
    const layout = inFolder('saved');
    await copyClosureElsewhere('oras', `${source.repository}:${tag}`, layout);
    await writeFile(join(layout, 'manifest.json'), '[]');
    await writeFile(join(layout, 'repositories'), '{}');
    await shell(
      'cd "$1" && tar --create --gzip --file="$1.tgz" blobs index.json manifest.json oci-layout repositories',
      layout,
    );
    const report = await validate(`${layout}.tgz`);
    expect(referrersIn(report)).toEqual(expected);
    expect(report).toMatchObject({ compression: 'deflate', layout: { otherFiles: 2 } });
  });
});
