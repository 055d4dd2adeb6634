import { createResolver, probeCapabilities, type RegistryCapabilities } from '@stellaops/oci-referrers';
import { buildImage } from '@stellaops/oci-referrers/testing';
import { expect, it } from 'vitest';
import {
  dockerRegistry,
  everyRegistry,
  libraryRegistry,
  lockedDockerRegistry,
  nativeRegistry,
  type RegistryKind,
} from './support/registries.js';
import { openScene } from './support/scene.js';
import { describeWith } from './support/tools.js';
import { loginOf, reader, robot, type User } from './support/users.js';
import { tag } from './support/workspace.js';

const version = 'supported: Docker-Distribution-API-Version: registry/2.0 in the 200 at /v2/';
const list = 'supported: GET referrers: 200 with application/vnd.oci.image.index.v1+json, a list';
const none = 'unsupported: GET referrers: 404 with text/plain, no list (not-found)';
const chunks = 'supported: POST 202, PATCH 202, PATCH 202, PUT 201; by the status of POST alone: supported';
const mount = 'POST ?mount into team/app-oci-probe';
const mounted = `supported: ${mount} 201; by a status of 201 or 202: supported`;
const notMounted = `unsupported: ${mount} 202: an upload was opened instead; by a status of 201 or 202: supported`;

const kinds: readonly (readonly [RegistryKind, readonly string[]])[] = [
  [
    dockerRegistry,
    [version, none, chunks, mounted, 'supported: DELETE 202, HEAD 404; by Allow of OPTIONS (200): supported'],
  ],
  [
    lockedDockerRegistry,
    [version, none, chunks, mounted, 'unsupported: DELETE 405; by Allow of OPTIONS (200): supported'],
  ],
  [
    nativeRegistry,
    [version, list, chunks, mounted, 'supported: DELETE 202, HEAD 404; by Allow of OPTIONS (405): unsupported'],
  ],
  [
    libraryRegistry,
    [version, list, chunks, notMounted, 'supported: DELETE 202, HEAD 404; by Allow of OPTIONS (400): unsupported'],
  ],
];

/** Takes from the log where content was put, or mounted. */
function noteWrites(written: string[]): (line: string) => void {
  return (line) => {
    const [, method, url = '', status] = /^(\S+) (\S+): (\d+)$/.exec(line) ?? [];
    if (status !== '201' || method === 'PATCH' || !URL.canParse(url)) return;
    const { origin, pathname, searchParams } = new URL(url);
    const digest = searchParams.get('digest') ?? searchParams.get('mount');
    written.push(digest === null ? url : `${origin}${pathname.replace(/uploads\/.*$/, '')}${digest}`);
  };
}

async function stillThere(urls: readonly string[]): Promise<readonly string[]> {
  const accept = 'application/vnd.oci.image.manifest.v1+json';
  const answers = await Promise.all(urls.map((url) => fetch(url, { method: 'HEAD', headers: { accept } })));
  return urls.filter((_url, at) => answers[at]?.status !== 404);
}

for (const [kind, expected] of kinds) {
  describeWith(kind.tools, `a probe of ${kind.name}`, () => {
    it('finds out what it does, and leaves nothing that can be removed', async () => {
      const registry = await kind.start();
      try {
        const written: string[] = [];
        const credentials = (): { anonymous: true } => ({ anonymous: true });
        await using resolver = createResolver({ credentials, logger: { ...console, debug: noteWrites(written) } });
        const reference = `${registry.host}/team/app:v1`;
        const pusher = await resolver.pusher(reference);
        const image = buildImage();
        for (const { descriptor, bytes } of image.blobs) await pusher.push(descriptor, bytes);
        await pusher.push(image.descriptor, image.manifest, { tag: 'v1' });
        written.length = 0;
        const found = await probeCapabilities(resolver, reference, { writeProbes: true });
        expect(found.capabilities.map(({ state, evidence }) => `${state}: ${evidence}`)).toEqual(expected);
        const left = await stillThere(written);
        expect([left.length, found.warnings.length]).toEqual(
          kind === lockedDockerRegistry ? [4, 2] : [0, kind === libraryRegistry ? 1 : 0],
        );
      } finally {
        await registry.stop();
      }
    });
  });
}

for (const kind of everyRegistry.filter(({ auth }) => auth !== undefined)) {
  describeWith(['go', ...kind.tools], `a probe of ${kind.name}`, () => {
    it('finds out as much behind a login, and tells a reader that only others may write', async () => {
      const scene = await openScene(kind);
      try {
        const reference = `${scene.repository}:${tag}`;
        const probeAs = async (user: User): Promise<RegistryCapabilities> => {
          await using resolver = createResolver({ credentials: () => loginOf(user) });
          return await probeCapabilities(resolver, reference, { writeProbes: true });
        };
        const found = await probeAs(robot);
        expect(found.capabilities[0]?.evidence).toContain('in the 401 at /v2/');
        expect([found.referrersApi, found.supported]).toEqual([kind.source === 'api', kind.source === 'api' ? 5 : 4]);
        expect(found.warnings).toEqual([]);
        if (kind.hasPermissions === false) return;
        const read = await probeAs(reader);
        expect(read.referrersApi).toBe(kind.source === 'api');
        for (const { state, fault } of read.capabilities.slice(2)) {
          expect([state, String(fault)]).toEqual(['unknown', expect.stringMatching(/UNAUTHORIZED|DENIED/)]);
        }
      } finally {
        await scene.close();
      }
    });
  });
}
