import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { attachArtifact, type Descriptor, type Pusher } from '@stellaops/oci-referrers';
import { beforeAll, expect, it } from 'vitest';
import { pushMultiPlatformImage } from './support/image.js';
import { copyToLayout, inspect, listElsewhere, listInLayout, rawDigest } from './support/judges.js';
import { dockerRegistry, nativeRegistry } from './support/registries.js';
import { makeRoundTrip, type RoundTrip } from './support/round-trip.js';
import { listsOf } from './support/source.js';
import { describeWith, run } from './support/tools.js';
import { tag } from './support/workspace.js';

const artifactType = 'application/vnd.example.scan+json';

for (const [from, to] of [
  [nativeRegistry, dockerRegistry],
  [dockerRegistry, nativeRegistry],
] as const) {
  describeWith(['go', 'skopeo', ...from.tools, ...to.tools], `two platforms, from ${from.name} to ${to.name}`, () => {
    let trip: RoundTrip;
    beforeAll(async () => {
      trip = await makeRoundTrip({ from, to, fileName: 'bundle.tgz', push: pushScanned });
      return () => trip.close();
    });

    it('brings the referrers of the index and of each platform along', async () => {
      const lists = listsOf(trip.before);
      expect([...lists.values()].flat().filter((line) => line.endsWith(artifactType))).toHaveLength(2);
      expect(listsOf(trip.after)).toEqual(lists);
      for (const [digest, expected] of lists) {
        expect(await listElsewhere(trip.copy, digest)).toEqual({ oras: expected, regclient: expected });
      }
    });

    it('leaves every platform where skopeo copies it from', async () => {
      const image = `docker://${trip.copy}:${tag}`;
      expect(await rawDigest(image)).toBe(trip.image.digest);
      expect(await copyToLayout(image, join(trip.directory, 'copied'))).toBe(trip.image.digest);
    });

    it('makes a bundle that other clients read as an image layout', async () => {
      const layout = join(trip.directory, 'layout');
      await mkdir(layout);
      await run('tar', ['--extract', '--file', trip.bundle, '--directory', layout]);
      expect(await inspect(`oci:${layout}:${tag}`)).toBe(trip.image.digest);
      for (const [digest, expected] of listsOf(trip.before)) {
        expect(await listInLayout(layout, digest)).toEqual({ oras: expected, regclient: expected });
      }
    });
  });
}

/** Pushes an image for two platforms and attaches a scan to each of them. */
async function pushScanned(pusher: Pusher, name: string): Promise<Descriptor> {
  const { index, platforms } = await pushMultiPlatformImage(pusher, name);
  for (const platform of platforms) {
    const content = Buffer.from(JSON.stringify({ scanned: platform.digest }));
    await attachArtifact(pusher, platform, { artifactType, files: [{ mediaType: artifactType, content }] });
  }
  return index;
}
