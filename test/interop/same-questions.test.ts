import { join } from 'node:path';
import { digestOf, discoverReferrers, exportBundle, importBundle } from '@stellaops/oci-referrers';
import { beforeAll, expect, it } from 'vitest';
import { listElsewhere } from './support/judges.js';
import { everyRegistry } from './support/registries.js';
import { attach, fileOf, openScene, type Scene, types } from './support/scene.js';
import { discover, listsOf } from './support/source.js';
import { describeWith } from './support/tools.js';
import { tag } from './support/workspace.js';

const digestsOf = (descriptors: readonly { readonly digest: string }[]): readonly string[] =>
  descriptors.map(({ digest }) => digest).sort();

for (const kind of everyRegistry) {
  describeWith(['go', ...kind.tools], `the same questions, asked of ${kind.name}`, () => {
    let scene: Scene;
    beforeAll(async () => {
      scene = await openScene(kind);
      return () => scene.close();
    });

    it('says what a tag points to', async () => {
      const { name, descriptor } = await scene.resolver.resolve(`${scene.repository}:${tag}`);
      expect(descriptor.digest).toBe(scene.image.digest);
      expect(name).toBe(`${scene.repository}@${scene.image.digest}`);
    });

    it('confirms that nothing refers to a manifest', async () => {
      const list = await scene.pusher.listReferrers(scene.bare, { confirmSubject: true });
      expect(list).toMatchObject({ referrers: [], source: kind.source });
      expect(await listElsewhere(scene.repository, scene.bare.digest)).toEqual({ oras: [], regclient: [] });
    });

    it('lists everything that refers to a manifest, as oras-go and regclient do', async () => {
      const list = await scene.pusher.listReferrers(scene.image, { includeTagSchema: true });
      expect(digestsOf(list.referrers)).toEqual(digestsOf(scene.attached));
      expect(list.source).toBe(kind.source);
      expect(list.pages).toBe(kind.pages ?? 1);
      const lines = list.referrers.map(({ digest, artifactType }) => `${digest} ${artifactType ?? ''}`).sort();
      expect(await listElsewhere(scene.repository, scene.image.digest)).toEqual({ oras: lines, regclient: lines });
    });

    it('lists those of one type', async () => {
      // What a list says of types is no use where it is wrong; the referrers know better.
      const options = { artifactTypes: [types.scan], resolveTypes: kind.hasWrongTypes ?? false };
      const list = await scene.pusher.listReferrers(scene.image, options);
      const expected = scene.attached.filter(({ artifactType }) => artifactType === types.scan);
      expect(digestsOf(list.referrers)).toEqual(digestsOf(expected));
      expect(new Set(list.referrers.map(({ artifactType }) => artifactType))).toEqual(new Set([types.scan]));
    });

    it('says of a manifest it has never heard of what the registry can vouch for', async () => {
      const unknown = { ...scene.image, digest: digestOf(Buffer.from('never pushed')) };
      const asked = scene.pusher.listReferrers(unknown, { confirmSubject: true });
      // By the specification the API knows referrers of what is not there; a missing tag says nothing of the sort.
      if (kind.source === 'api') await expect(asked).resolves.toMatchObject({ referrers: [], source: 'api' });
      else await expect(asked).rejects.toMatchObject({ code: 'ERR_OCI_REFERRERS_UNCONFIRMED' });
    });

    it('finds the whole closure', async () => {
      const graph = await discoverReferrers(scene.pusher, scene.image);
      expect([...graph.nodes.keys()].sort()).toEqual(scene.closure);
    });

    it('gives and takes a bundle', async () => {
      const bundle = join(scene.directory, 'bundle.tgz');
      const copy = `${scene.host}/mirror/app`;
      await exportBundle(scene.resolver, [`${scene.repository}:${tag}`], { output: bundle });
      await importBundle(bundle, { resolver: scene.resolver, map: { [scene.repository]: copy } });
      const [before, after] = [await discover(scene.resolver, scene.repository), await discover(scene.resolver, copy)];
      expect([...after.nodes.keys()].sort()).toEqual(scene.closure);
      expect(listsOf(after)).toEqual(listsOf(before));
    });

    it('takes a referrer away again, for every client', async () => {
      const text = 'not for long';
      const referrer = await attach(scene.pusher, scene.image, types.scan, text);
      await scene.pusher.delete(referrer);
      const list = await scene.pusher.listReferrers(scene.image);
      expect(digestsOf(list.referrers)).toEqual(digestsOf(scene.attached));
      const { oras, regclient } = await listElsewhere(scene.repository, scene.image.digest);
      for (const lines of [oras, regclient]) expect(lines.join()).not.toContain(referrer.digest);
      await expect(scene.pusher.delete(referrer)).rejects.toMatchObject({ code: 'ERR_OCI_NOT_FOUND' });
      const file = fileOf(scene.image, types.scan, text).descriptor;
      await scene.pusher.delete(file);
      expect(await scene.pusher.exists(file)).toBe(false);
    });

    if (kind.isLimited === true) {
      it('was told to wait in the middle of all this, and waited', () => {
        expect(scene.log.filter((line) => line.includes(': 429; '))).not.toEqual([]);
      });
    }
  });
}
