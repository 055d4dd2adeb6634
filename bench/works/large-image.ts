import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isInstalled, programPath } from '../go-programs.js';
import { type StaticServer, startStaticServer } from '../static-server.js';
import type { Thoroughness } from './plan.js';

const layerBytes = 256 * 1024 * 1024;

/** The image that is exported, validated and imported, and room for what comes of it. */
export interface LargeImage extends AsyncDisposable {
  readonly server: StaticServer;
  /** `host/bench/app`. */
  readonly repository: string;
  readonly bytes: number;
  /** Names a file or directory in a folder that goes away. */
  readonly path: (name: string) => string;
}

/** Serves an image of 4 layers, 1 GiB in all, that cannot be compressed, with 50 referrers. */
export async function openLargeImage({ share }: Thoroughness): Promise<LargeImage> {
  const server = await startStaticServer({ scene: 'image', layerBytes: Math.floor(layerBytes / share) });
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  return {
    server,
    repository: `${server.host}/bench/app`,
    bytes: 4 * Math.floor(layerBytes / share),
    path: (name) => join(folder, name),
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Commands of other projects that export an image, by name; what each leaves out is said in the table. */
export function exportCommands({ repository, path }: LargeImage): Readonly<Record<string, readonly string[]>> {
  const source = `${repository}:1`;
  const regctl = [programPath('regctl'), '--host', `reg=${repository.split('/', 1)[0] ?? ''},tls=disabled`];
  return {
    oras: [programPath('oras'), 'backup', '--plain-http', '--include-referrers', '--output', path('oras.tar'), source],
    regctl: [...regctl, 'image', 'copy', '--referrers', source, `ocidir://${path('regctl')}:1`],
    crane: [programPath('crane'), 'pull', '--insecure', '--format=oci', source, path('crane')],
    ...(isInstalled('skopeo')
      ? {
          skopeo: [
            'skopeo',
            'copy',
            '--quiet',
            '--src-tls-verify=false',
            `docker://${source}`,
            `oci-archive:${path('skopeo.tar')}`,
          ],
        }
      : {}),
  };
}

/** What those commands leave out of the work of this one. */
export const leftOut =
  'oras: no record, no sums, nothing reproducible; regctl: a directory, no record; crane and skopeo: no referrers';
