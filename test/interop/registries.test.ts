import { expect, it } from 'vitest';
import { dockerRegistry, nativeRegistry } from './support/registries.js';
import { describeWith } from './support/tools.js';

const unknown = `/v2/team/app/referrers/sha256:${'0'.repeat(64)}`;

for (const [kind, status] of [
  [nativeRegistry, 200],
  [dockerRegistry, 404],
] as const) {
  describeWith(kind.tools, `the server behind these tests: ${kind.name}`, () => {
    it(`answers the referrers API with ${String(status)}, and is gone when it is stopped`, async () => {
      const registry = await kind.start();
      try {
        expect((await fetch(`http://${registry.host}${unknown}`)).status).toBe(status);
      } finally {
        await registry.stop();
      }
      await expect(fetch(`http://${registry.host}/v2/`)).rejects.toThrow();
    });

    it('runs side by side with a second one', async () => {
      const both = await Promise.all([kind.start(), kind.start()]);
      try {
        expect(new Set(both.map(({ host }) => host)).size).toBe(2);
      } finally {
        await Promise.all(both.map((registry) => registry.stop()));
      }
    });
  });
}
