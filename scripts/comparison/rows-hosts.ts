import type { HostCapability, RegistryHost } from '@stellaops/oci-referrers';
import { answer, fixedList } from './answers.js';
import { type Scenario, silent } from './row.js';
import { askHosts, sbom, signature } from './scene.js';

const both = [sbom, signature];
const everything: readonly HostCapability[] = ['pull', 'resolve', 'push', 'referrers'];

/** One row about several hosts, which containerd alone of the four asks for referrers. */
export interface HostRow {
  readonly title: string;
  readonly containerd: string;
  readonly scenarios: readonly Scenario[];
}

function mirrorFirst(mirror: string, registry: string): readonly RegistryHost[] {
  return [mirror, registry].map((host) => ({ host, capabilities: everything }));
}

function only(...capabilities: readonly HostCapability[]) {
  return (_mirror: string, registry: string): readonly RegistryHost[] => [{ host: registry, capabilities }];
}

/** What is made of several hosts. */
export const hostRows: readonly HostRow[] = [
  {
    title: 'no host may be asked for referrers or to resolve',
    containerd: silent('`[]`'),
    scenarios: [{ truth: 2, run: askHosts({}, { referrers: both }, only('pull')) }],
  },
  {
    title: 'every host has `pull` and `resolve` alone, as in a `hosts.toml` from before the API',
    containerd: `${silent('`[]`')}, the API is never asked`,
    scenarios: [{ truth: 2, run: askHosts({}, { referrers: both }, only('pull', 'resolve')) }],
  },
  {
    title: 'the mirror says that there are none, the registry has 2',
    containerd: silent('`[]`'),
    scenarios: [{ truth: 2, run: askHosts({}, { referrers: both }, mirrorFirst) }],
  },
  {
    title: 'the mirror has neither API nor tag, the registry has 2 under the tag',
    containerd: `${silent('`[]`')}, it stops at the first tag that is not there`,
    scenarios: [
      {
        truth: 2,
        run: askHosts(
          { registry: { referrersApi: false } },
          { registry: { referrersApi: false }, tagged: both.map(({ descriptor }) => descriptor) },
          mirrorFirst,
        ),
      },
    ],
  },
  {
    title: 'the mirror answers 500, the registry has 2',
    containerd: '2',
    scenarios: [
      {
        truth: 2,
        run: askHosts({ registry: fixedList(answer(500, 'text/plain', '')) }, { referrers: both }, mirrorFirst),
      },
    ],
  },
];
