import { type Descriptor, digestOf } from '@stellaops/oci-referrers';
import { beforeAll, beforeEach, expect, it } from 'vitest';
import type { TestRegistryOptions } from '../../src/testing/index.js';
import { type InteropRegistry, nativeRegistry, pagedRegistry } from './support/registries.js';
import { startInMemory } from './support/spec-peers.js';
import { describeWith } from './support/tools.js';
import { emptyBlob, ociTypes, Wire } from './support/wire.js';

// What distribution-spec v1.1.1 says a registry MUST do about referrers, in tests of our own: not the official conformance
// suite, whose versions since 1.1 cannot be had here (docs/decisions/0004). olareg, which passes that one, judges these tests:
// it has to pass them like the in-memory registry. https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md

interface Peer {
  readonly name: string;
  readonly tools: readonly string[];
  /** Whether five referrers take more than one page. */
  readonly isPaged: boolean;
  /** What it answers to a digest that is none; the specification wants 400. */
  readonly answerToBadDigest: number;
  start(): Promise<InteropRegistry>;
}

const peers: readonly Peer[] = [
  inMemory('the in-memory registry', {}),
  inMemory('the in-memory registry with pages', { pageSize: 2 }),
  inMemory('its profile conformant-1.1', { profile: 'conformant-1.1' }),
  { ...nativeRegistry, name: 'olareg', isPaged: false, answerToBadDigest: 200 },
  { ...pagedRegistry, name: 'olareg with pages', isPaged: true, answerToBadDigest: 200 },
];

function inMemory(name: string, options: TestRegistryOptions): Peer {
  const start = (): Promise<InteropRegistry> => startInMemory(options);
  return { name, tools: [], isPaged: options.pageSize !== undefined, answerToBadDigest: 400, start };
}

const types = { sbom: 'application/spdx+json', scan: 'application/vnd.example.scan+json' } as const;
const byDigest = (one: Descriptor, other: Descriptor): number => (one.digest < other.digest ? -1 : 1);

for (const peer of peers) {
  describeWith(peer.tools, `what the specification asks about referrers, of ${peer.name}`, () => {
    let registry: InteropRegistry;
    let repositories = 0;
    let wire: Wire;
    beforeAll(async () => {
      registry = await peer.start();
      return () => registry.stop();
    });
    beforeEach(async () => {
      repositories += 1;
      wire = new Wire(`http://${registry.host}`, `team/app-${String(repositories)}`);
      await wire.pushEmptyBlob();
    });

    /** Pushes an image and five referrers, and returns their descriptors as a list of referrers has to have them. */
    const pushFive = async (): Promise<{ subject: Descriptor; expected: readonly Descriptor[] }> => {
      const { descriptor: subject } = await wire.put({});
      const expected: Descriptor[] = [];
      for (const [number, artifactType] of [types.sbom, types.scan, types.sbom, types.scan, types.sbom].entries()) {
        const annotations = { number: String(number) };
        const { descriptor } = await wire.put({ artifactType, subject, annotations });
        expected.push({ ...descriptor, artifactType, annotations });
      }
      return { subject, expected: expected.sort(byDigest) };
    };

    it('names the subject it took note of, of an image manifest and of an index', async () => {
      const { descriptor: subject } = await wire.put({});
      for (const fields of [
        { artifactType: types.sbom, subject },
        { mediaType: ociTypes.index, config: undefined, layers: undefined, manifests: [], subject },
      ]) {
        const { response } = await wire.put(fields);
        expect([response.status, response.headers.get('oci-subject')]).toEqual([201, subject.digest]);
        expect(response.headers.get('location')).not.toBeNull();
      }
    });

    it('takes a referrer before its subject, and lists it before and after', async () => {
      const bytes = { schemaVersion: 2, mediaType: ociTypes.manifest, config: emptyBlob, layers: [emptyBlob] };
      const text = Buffer.from(JSON.stringify(bytes));
      const subject = { mediaType: ociTypes.manifest, digest: digestOf(text), size: text.length };
      const { response, descriptor } = await wire.put({ artifactType: types.sbom, subject });
      expect([response.status, response.headers.get('oci-subject')]).toEqual([201, subject.digest]);
      const expected = [{ ...descriptor, artifactType: types.sbom }];
      expect(await wire.list(subject.digest)).toEqual(expected);
      expect((await wire.put({})).descriptor).toEqual(subject);
      expect(await wire.list(subject.digest)).toEqual(expected);
    });

    it('keeps a referrer byte for byte', async () => {
      const { descriptor: subject } = await wire.put({});
      const { descriptor, bytes } = await wire.put({
        artifactType: types.sbom,
        subject,
        annotations: { ключ: '\u00e9' },
      });
      const response = await fetch(wire.manifestUrl(descriptor.digest), { headers: { accept: ociTypes.manifest } });
      expect(Buffer.from(await response.arrayBuffer())).toEqual(bytes);
      expect(response.headers.get('content-type')).toBe(ociTypes.manifest);
    });

    it('answers with an index that has every referrer, its type and its annotations', async () => {
      const { subject, expected } = await pushFive();
      const { response, index } = await wire.page(subject.digest);
      expect(response.headers.get('content-type')).toBe(ociTypes.index);
      expect(index).toMatchObject({ schemaVersion: 2, mediaType: ociTypes.index });
      expect([...(await wire.list(subject.digest))].sort(byDigest)).toEqual(expected);
    });

    it('splits a list over linked pages, none of which repeats anything', async () => {
      const { subject, expected } = await pushFive();
      const first = await wire.page(subject.digest);
      expect(first.next !== undefined).toBe(peer.isPaged);
      expect(first.index.manifests.length < expected.length).toBe(peer.isPaged);
      expect(new Set((await wire.list(subject.digest)).map(({ digest }) => digest)).size).toBe(expected.length);
    });

    it('gives the type of the config where an image manifest has no other, and none for an index without one', async () => {
      const { descriptor: subject } = await wire.put({});
      const image = await wire.put({ subject });
      const index = await wire.put({
        mediaType: ociTypes.index,
        config: undefined,
        layers: undefined,
        manifests: [],
        subject,
      });
      const expected = [{ ...image.descriptor, artifactType: ociTypes.empty }, index.descriptor];
      expect([...(await wire.list(subject.digest))].sort(byDigest)).toEqual(expected.sort(byDigest));
    });

    it('answers with an empty index, never with 404, for what nothing refers to', async () => {
      const { descriptor: bare } = await wire.put({});
      const never = digestOf(Buffer.from('never pushed'));
      expect(await wire.list(bare.digest)).toEqual([]);
      expect(await wire.list(never)).toEqual([]);
      expect(await new Wire(`http://${registry.host}`, 'no/such/repository').list(never)).toEqual([]);
    });

    it('filters by type, and says so', async () => {
      const { subject, expected } = await pushFive();
      const url = new URL(wire.referrersUrl(subject.digest));
      url.searchParams.set('artifactType', types.scan);
      const { response, index } = await wire.page(url);
      expect(response.headers.get('oci-filters-applied')).toBe('artifactType');
      const scans = expected.filter(({ artifactType }) => artifactType === types.scan);
      expect([...index.manifests].sort(byDigest)).toEqual(scans);
    });

    it('keeps repositories apart', async () => {
      const { subject, expected } = await pushFive();
      const other = new Wire(`http://${registry.host}`, `team/other-${String(repositories)}`);
      await other.pushEmptyBlob();
      await other.put({});
      expect(await other.list(subject.digest)).toEqual([]);
      expect(await wire.list(subject.digest)).toHaveLength(expected.length);
    });

    it('lists what refers to a referrer', async () => {
      const { subject } = await pushFive();
      const { descriptor: sbom } = await wire.put({ artifactType: types.sbom, subject });
      const { descriptor: signature } = await wire.put({ artifactType: types.scan, subject: sbom });
      expect(await wire.list(sbom.digest)).toEqual([{ ...signature, artifactType: types.scan }]);
    });

    it('lists a referrer that was pushed twice once, and one that was deleted not at all', async () => {
      const { descriptor: subject } = await wire.put({});
      const referrer = { artifactType: types.sbom, subject };
      const [{ descriptor }, again] = [await wire.put(referrer), await wire.put(referrer)];
      expect(again.response.status).toBe(201);
      expect(await wire.list(subject.digest)).toEqual([{ ...descriptor, artifactType: types.sbom }]);
      expect((await fetch(wire.manifestUrl(descriptor.digest), { method: 'DELETE' })).status).toBe(202);
      expect(await wire.list(subject.digest)).toEqual([]);
    });

    it('does all of it with sha512 too', async () => {
      const { descriptor: subject, response: pushed } = await wire.put({}, 'sha512');
      expect(pushed.status).toBe(201);
      const { response, descriptor } = await wire.put({ artifactType: types.sbom, subject }, 'sha512');
      expect([response.status, response.headers.get('oci-subject')]).toEqual([201, subject.digest]);
      expect(await wire.list(subject.digest)).toEqual([{ ...descriptor, artifactType: types.sbom }]);
    });

    it(`answers ${String(peer.answerToBadDigest)} to a digest that is none`, async () => {
      const response = await fetch(wire.referrersUrl('sha256:bad'));
      expect(response.status).toBe(peer.answerToBadDigest);
      await response.arrayBuffer();
    });
  });
}
