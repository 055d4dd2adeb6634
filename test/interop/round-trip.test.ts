import { join } from 'node:path';
import { digestOf } from '@stellaops/oci-referrers';
import { beforeAll, expect, it } from 'vitest';
import { verifySignature } from '../../examples/demo/evidence.js';
import { copyToLayout, inspect, listElsewhere, rawDigest } from './support/judges.js';
import { dockerRegistry, nativeRegistry } from './support/registries.js';
import { makeRoundTrip, type RoundTrip } from './support/round-trip.js';
import { blobsOf, listsOf } from './support/source.js';
import { describeWith } from './support/tools.js';
import { tag } from './support/workspace.js';

const directions = [
  [nativeRegistry, nativeRegistry, 'bundle.tgz'],
  [nativeRegistry, dockerRegistry, 'bundle.tar'],
  [dockerRegistry, nativeRegistry, 'bundle.tgz'],
  [dockerRegistry, dockerRegistry, 'bundle.tar'],
] as const;

for (const [from, to, fileName] of directions) {
  const tools = [...new Set(['go', 'skopeo', ...from.tools, ...to.tools])];
  describeWith(tools, `from ${from.name} through ${fileName} to ${to.name}`, () => {
    let trip: RoundTrip;
    beforeAll(async () => {
      trip = await makeRoundTrip({ from, to, fileName });
      return () => trip.close();
    });

    it('finds every referrer at the source, and the referrer of a referrer', () => {
      const attached = trip.evidence.referrers.map(({ descriptor }) => descriptor.digest);
      expect([...trip.before.nodes.keys()].sort()).toEqual([trip.image.digest, ...attached].sort());
      expect(new Set(trip.before.subjects.map(({ source }) => source))).toEqual(new Set([from.source]));
    });

    it('makes a bundle the validator has nothing to say about', () => {
      expect(trip.validation).toMatchObject({ ok: true, findings: [] });
    });

    it('finds the same closure at the target, digest for digest', () => {
      expect([...trip.after.nodes.keys()].sort()).toEqual([...trip.before.nodes.keys()].sort());
      expect(listsOf(trip.after)).toEqual(listsOf(trip.before));
      expect(new Set(trip.after.subjects.map(({ source }) => source))).toEqual(new Set([to.source]));
    });

    it('leaves at the target what oras-go and regclient find at the source', async () => {
      for (const [digest, expected] of listsOf(trip.before)) {
        const lists = { oras: expected, regclient: expected };
        expect(await listElsewhere(trip.repository, digest)).toEqual(lists);
        expect(await listElsewhere(trip.copy, digest)).toEqual(lists);
      }
    });

    it('leaves an image skopeo reads and copies from the target, with the digest of the source', async () => {
      const image = `docker://${trip.copy}:${tag}`;
      expect(await inspect(image)).toBe(trip.image.digest);
      expect(await copyToLayout(image, join(trip.directory, 'copied'))).toBe(trip.image.digest);
    });

    it('leaves every referrer at the target byte for byte, as skopeo sees it', async () => {
      for (const { descriptor } of trip.evidence.referrers) {
        expect(await rawDigest(`docker://${trip.copy}@${descriptor.digest}`)).toBe(descriptor.digest);
      }
    });

    it('carries every blob of the closure to the target', async () => {
      const [host, ...repository] = trip.copy.split('/');
      for (const digest of blobsOf(trip.before)) {
        const answer = await fetch(`http://${String(host)}/v2/${repository.join('/')}/blobs/${digest}`);
        expect(digestOf(new Uint8Array(await answer.arrayBuffer()))).toBe(digest);
      }
    });

    it('carries a signature that still verifies over the image of the target', async () => {
      await verifySignature(await trip.resolver.fetcher(`${trip.copy}:${tag}`), trip.image, trip.evidence);
    });
  });
}
