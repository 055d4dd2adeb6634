import { type DoctorReport, runDoctor } from '@stellaops/oci-referrers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { everyRegistry } from './support/registries.js';
import { openScene, type Scene } from './support/scene.js';
import { describeWith } from './support/tools.js';
import { loginOf, robot } from './support/users.js';
import { tag } from './support/workspace.js';

for (const kind of everyRegistry.filter(({ isLimited, pages }) => isLimited !== true && pages === undefined)) {
  describeWith(['go', ...kind.tools], `the doctor at ${kind.name}`, () => {
    let scene: Scene;
    beforeAll(async () => {
      scene = await openScene(kind);
    });
    afterAll(() => scene.close());

    const examine = async (login: object): Promise<Record<string, string>> => {
      const [registryUrl = '', ...path] = scene.repository.split('/');
      const image = { testRepository: path.join('/'), testTag: tag };
      const checks = ['registry', 'credentials', 'pull', 'push', 'referrers'].map(
        (name) => `check.integration.oci.${name}`,
      );
      const report: DoctorReport = await runDoctor({ registryUrl, ...image, checks, writeProbes: true, ...login });
      return Object.fromEntries(report.results.map(({ checkId, severity }) => [checkId.replace(/.*\./, ''), severity]));
    };

    it('finds what is there, as somebody who may do everything', async () => {
      const referrers = kind.source === 'api' ? 'pass' : 'warn';
      const login = kind.auth === undefined ? { credentials: () => ({ anonymous: true as const }) } : loginOf(robot);
      expect(await examine(login)).toEqual({
        registry: 'pass',
        credentials: 'pass',
        pull: 'pass',
        push: 'pass',
        referrers,
      });
    });

    if (kind.auth !== undefined) {
      it('says that the password is wrong, and that there is none', async () => {
        const refused = { registry: 'pass', credentials: 'fail', pull: 'fail', push: 'fail', referrers: 'fail' };
        expect(await examine({ username: robot.username, password: 'not-the-password' })).toEqual(refused);
        // Some token services give everybody a token, which is then good for nothing.
        const nobody = await examine({ credentials: () => ({ anonymous: true as const }) });
        expect({ ...nobody, credentials: 'fail' }).toEqual(refused);
      });
    }
  });
}
