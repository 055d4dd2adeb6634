import { join } from 'node:path';
import {
  copyImage,
  discoverReferrers,
  exportBundle,
  importBundle,
  openLayout,
  readBundleRecord,
} from '@stellaops/oci-referrers';
import { beforeAll, expect, it } from 'vitest';
import { pushMultiPlatformImage } from './support/image.js';
import { copyClosureElsewhere, copyToLayout, inspect, listInLayout } from './support/judges.js';
import { dockerRegistry, nativeRegistry } from './support/registries.js';
import { discover, listsOf, openSource, type Source } from './support/source.js';
import { describeWith } from './support/tools.js';
import { repositoryName, tag } from './support/workspace.js';

describeWith(['go', 'skopeo'], 'an image layout directory', () => {
  let source: Source;
  let reference: string;
  beforeAll(async () => {
    source = await openSource(
      nativeRegistry,
      async (pusher, name) => (await pushMultiPlatformImage(pusher, name)).index,
    );
    reference = `${source.repository}:${tag}`;
    return () => source.close();
  });

  const ours = async (name: string): Promise<string> => {
    const layout = join(source.directory, name);
    await copyImage({ resolver: source.resolver, reference }, { layout });
    return layout;
  };

  it('that we wrote has the referrers oras-go and regclient look for', async () => {
    const layout = await ours('ours');
    for (const [digest, expected] of listsOf(await discover(source.resolver, source.repository))) {
      expect(await listInLayout(layout, digest)).toEqual({ oras: expected, regclient: expected });
    }
  });

  it('that we wrote is read by skopeo, by the name of the tag', async () => {
    const layout = await ours('for-skopeo');
    expect(await copyToLayout(`oci:${layout}:${tag}`, join(source.directory, 'skopeo-copied'))).toBe(
      source.image.digest,
    );
    expect(await inspect(`oci:${layout}:${tag}`)).toBe(source.image.digest);
  });

  it.each(['oras', 'regclient'] as const)(
    'that %s wrote is read by us with every referrer, and copied on',
    async (tool) => {
      const directory = join(source.directory, tool);
      await copyClosureElsewhere(tool, reference, directory);
      const layout = await openLayout(directory);
      const { descriptor } = await layout.resolve(tag);
      expect(listsOf(await discoverReferrers(layout, descriptor))).toEqual(
        listsOf(await discover(source.resolver, source.repository)),
      );
      const registry = await dockerRegistry.start();
      try {
        const copy = `${registry.host}/${repositoryName}`;
        await copyImage({ layout: directory, name: tag }, { resolver: source.resolver, reference: `${copy}:${tag}` });
        expect(listsOf(await discover(source.resolver, copy))).toEqual(
          listsOf(await discover(source.resolver, source.repository)),
        );
      } finally {
        await registry.stop();
      }
    },
  );

  it('that skopeo wrote is read by us, and takes the referrers skopeo left behind', async () => {
    const directory = join(source.directory, 'skopeo');
    await copyToLayout(`docker://${reference}`, directory);
    const layout = await openLayout(directory);
    expect((await layout.resolve('copied')).descriptor.digest).toBe(source.image.digest);
    await copyImage({ resolver: source.resolver, reference }, { layout: directory, name: 'copied' });
    expect(listsOf(await discoverReferrers(layout, source.image))).toEqual(
      listsOf(await discover(source.resolver, source.repository)),
    );
  });

  it('has no part in a round trip through a registry without the API: both bundles hold the same artifacts', async () => {
    const registry = await dockerRegistry.start();
    try {
      const first = join(source.directory, 'first.tgz');
      const second = join(source.directory, 'second.tgz');
      await exportBundle(source.resolver, [reference], { output: first });
      await importBundle(first, { resolver: source.resolver, to: registry.host });
      await exportBundle(source.resolver, [`${registry.host}/${repositoryName}:${tag}`], { output: second });
      const artifactsOf = async (path: string): Promise<readonly (readonly [string, readonly string[]])[]> => {
        const { referrers } = await readBundleRecord(path);
        return referrers.subjects.map(
          ({ subject, artifacts }) => [subject, artifacts.map(({ digest }) => digest)] as const,
        );
      };
      const artifacts = await artifactsOf(first);
      expect(artifacts.flatMap(([, digests]) => digests)).toHaveLength(source.evidence.referrers.length);
      expect(await artifactsOf(second)).toEqual(artifacts);
    } finally {
      await registry.stop();
    }
  });
});
