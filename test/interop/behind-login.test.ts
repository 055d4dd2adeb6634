import { createResolver, isOciError, type Resolver } from '@stellaops/oci-referrers';
import { beforeAll, expect, it } from 'vitest';
import { everyRegistry } from './support/registries.js';
import { attach, openScene, type Scene, types } from './support/scene.js';
import { describeWith } from './support/tools.js';
import { loginOf, reader, robot } from './support/users.js';
import { tag } from './support/workspace.js';

const wrongPassword = 'not-the-password';

for (const kind of everyRegistry.filter(({ auth }) => auth !== undefined)) {
  describeWith(['go', ...kind.tools], `somebody who may not, at ${kind.name}`, () => {
    let scene: Scene;
    const resolvers: Resolver[] = [];
    const resolverOf = (credentials: { username: string; password: string } | { anonymous: true }): Resolver => {
      const resolver = createResolver({ credentials: () => credentials });
      resolvers.push(resolver);
      return resolver;
    };
    beforeAll(async () => {
      scene = await openScene(kind);
      return async () => {
        for (const resolver of resolvers) await resolver.close();
        await scene.close();
      };
    });

    const listAs = async (resolver: Resolver): Promise<unknown> => {
      const fetcher = await resolver.fetcher(`${scene.repository}:${tag}`);
      return await fetcher.fetchReferrers(scene.image).catch((error: unknown) => error);
    };

    it('is told that the password is wrong, without it being repeated', async () => {
      const error = await listAs(resolverOf({ username: robot.username, password: wrongPassword }));
      // olareg's token service says 403 where others say 401.
      expect(isRefusal(error), String(error)).toBe(true);
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(wrongPassword);
    });

    it('is told to log in, when nobody', async () => {
      const resolver = resolverOf({ anonymous: true });
      const error = await resolver.resolve(`${scene.repository}:${tag}`).catch((reason: unknown) => reason);
      expect(isOciError(error, 'ERR_OCI_UNAUTHORIZED'), String(error)).toBe(true);
      expect(isOciError(await listAs(resolver))).toBe(true);
    });

    it('may look, when that is allowed, and gets the whole list', async () => {
      const found = (await listAs(resolverOf(loginOf(reader)))) as readonly { digest: string }[];
      expect(found.map(({ digest }) => digest).sort()).toEqual(scene.attached.map(({ digest }) => digest).sort());
    });

    if (kind.hasPermissions !== false) {
      it('is refused what is not allowed, once and for all', async () => {
        const pusher = await resolverOf(loginOf(reader)).pusher(`${scene.repository}:${tag}`);
        const error = await attach(pusher, scene.image, types.scan, 'not allowed').catch((reason: unknown) => reason);
        // Both say 401 to somebody they know: whoever logs in again at that never ends.
        expect(isRefusal(error), String(error)).toBe(true);
        const [victim = scene.image] = scene.attached;
        const refusal = await pusher.delete(victim).catch((reason: unknown) => reason);
        expect(isRefusal(refusal), String(refusal)).toBe(true);
        expect(await scene.pusher.fetchReferrers(scene.image)).toHaveLength(scene.attached.length);
      });
    }
  });
}

function isRefusal(error: unknown): boolean {
  return isOciError(error, 'ERR_OCI_UNAUTHORIZED') || isOciError(error, 'ERR_OCI_DENIED');
}
