import { beforeAll, expect, it } from 'vitest';
import { attachElsewhere, copyElsewhere, listElsewhere } from './support/judges.js';
import { dockerRegistry, nativeRegistry } from './support/registries.js';
import { makeRoundTrip, type RoundTrip } from './support/round-trip.js';
import { discover, listsOf, openSource } from './support/source.js';
import { describeWith } from './support/tools.js';
import { tag } from './support/workspace.js';

const artifactType = 'application/vnd.example.scan+json';

for (const kind of [nativeRegistry, dockerRegistry]) {
  describeWith(['go', ...kind.tools], `referrers another client made, on ${kind.name}`, () => {
    it('are discovered next to our own', async () => {
      const source = await openSource(kind);
      try {
        const digest = await attachElsewhere(source.repository, source.image.digest, artifactType);
        const lists = listsOf(await discover(source.resolver, source.repository));
        expect(lists.get(source.image.digest)).toContain(`${digest} ${artifactType}`);
        expect(lists.size).toBe(source.evidence.referrers.length + 2);
      } finally {
        await source.close();
      }
    });
  });

  describeWith(['go', 'skopeo', ...kind.tools], `an import into ${kind.name} that has referrers already`, () => {
    let trip: RoundTrip;
    let theirs: string;
    beforeAll(async () => {
      trip = await makeRoundTrip({
        from: nativeRegistry,
        to: kind,
        fileName: 'bundle.tgz',
        prepare: async (copy, { repository, image }) => {
          await copyElsewhere(`${repository}:${tag}`, `${copy}:${tag}`);
          theirs = await attachElsewhere(copy, image.digest, artifactType);
        },
      });
      return () => trip.close();
    });

    it('keeps them next to the ones it brings, for every client', async () => {
      const brought = listsOf(trip.before).get(trip.image.digest) ?? [];
      const expected = [...brought, `${theirs} ${artifactType}`].sort();
      expect(listsOf(trip.after).get(trip.image.digest)).toEqual(expected);
      expect(await listElsewhere(trip.copy, trip.image.digest)).toEqual({ oras: expected, regclient: expected });
    });
  });
}
