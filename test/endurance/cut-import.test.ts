import { importBundle, isOciError, referrersTag } from '@stellaops/oci-referrers';
import type { TestRegistry } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import { openStage, repository, type Stage } from '../e2e/setup.js';

/** Everything the image consists of and everything that refers to it, by digest. */
function missingAt({ store }: TestRegistry, { family }: Stage): readonly string[] {
  const there = store.repositories.get(repository);
  const wanted = family.all.flatMap((content) => [content, ...content.children]);
  const manifests = wanted.map(({ descriptor }) => descriptor.digest).filter((digest) => !there?.manifests.has(digest));
  const blobs = wanted.flatMap((one) => one.blobs).map(({ descriptor }) => descriptor.digest);
  return [...manifests, ...blobs.filter((digest) => !there?.blobs.has(digest))];
}

describe.each([
  ['with the referrers API', true],
  ['without the referrers API', false],
])('an import into a registry %s that dies', (_name, referrersApi) => {
  it.each(['dies for good', 'drops one connection'])(
    'at any request (%s) tells why, sets no tag early, and is completed by the next run',
    async (how) => {
      let failures = 0;
      for (let cut = 1; ; cut++) {
        let count = 0;
        let isBroken = true;
        await using stage = await openStage({
          referrersApi,
          intercept: ({ message }) => {
            count += 1;
            const isCut = isBroken && (how === 'dies for good' ? count >= cut : count === cut);
            if (isCut) message.socket.destroy();
            return isCut;
          },
        });
        const bundle = await stage.exportTo('bundle.tgz');
        const options = { resolver: stage.resolver, to: stage.target.host, concurrency: 1 };
        const failure: unknown = await importBundle(bundle, options).then(
          () => undefined,
          (error: unknown) => error,
        );
        const tags = stage.target.store.repositories.get(repository)?.tags;
        if (tags?.has('v1')) expect(missingAt(stage.target, stage)).toEqual([]);
        if (failure === undefined) {
          // The import needs no more requests than that.
          expect(count).toBeLessThan(cut);
          break;
        }
        failures += 1;
        expect(isOciError(failure), `request ${cut}`).toBe(true);
        isBroken = false;
        const report = await importBundle(bundle, options);
        expect(missingAt(stage.target, stage)).toEqual([]);
        expect(report.images[0]?.transfer?.subjects.reduce((sum, { listed }) => sum + listed, 0)).toBe(3);
        const after = await stage.closureAt(stage.target);
        expect(after.nodes.size, `request ${cut}`).toBe(6);
        const lists = [...(stage.target.store.repositories.get(repository)?.tags.keys() ?? [])];
        const ownTag = referrersTag(stage.family.index.descriptor.digest);
        expect(lists.includes(ownTag)).toBe(!referrersApi);
      }
      expect(failures).toBeGreaterThan(20);
    },
  );
});
