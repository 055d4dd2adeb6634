import { attachArtifact } from '@stellaops/oci-referrers';
import { expect, it } from 'vitest';
import { listElsewhere } from './support/judges.js';
import { dockerRegistry, nativeRegistry } from './support/registries.js';
import { openSource } from './support/source.js';
import { describeWith } from './support/tools.js';
import { tag } from './support/workspace.js';

const artifactType = 'application/vnd.example.scan+json';

for (const kind of [nativeRegistry, dockerRegistry]) {
  describeWith(['go', ...kind.tools], `referrers attached all at once, on ${kind.name}`, () => {
    // olareg reads a list, adds to it and writes it back without a lock; so does everyone who keeps a referrers tag.
    it('are all listed', async () => {
      const source = await openSource(kind);
      try {
        const { repository, resolver, image } = source;
        const pusher = await resolver.pusher(`${repository}:${tag}`);
        const attached = await Promise.all(
          Array.from({ length: 24 }, async (_, index) => {
            const annotations = { 'example.scan': index.toString() };
            return await attachArtifact(pusher, image, { artifactType, files: [], annotations });
          }),
        );
        const listed = (await listElsewhere(repository, image.digest)).oras.filter((line) =>
          line.endsWith(artifactType),
        );
        expect(listed).toEqual(attached.map(({ digest }) => `${digest} ${artifactType}`).sort());
      } finally {
        await source.close();
      }
    });
  });
}
