import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { type Descriptor, digestOf, type Platform, type Pusher } from '@stellaops/oci-referrers';
import { projectRoot } from './tools.js';

const types = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
} as const;

/** Pushes an image of one platform whose layers are folders of this project, packed by tar itself. */
export async function pushImage(pusher: Pusher, tag: string): Promise<Descriptor> {
  return await pushPlatform(pusher, { os: 'linux', architecture: 'amd64' }, ['src', 'docs'], tag);
}

/** An image for two platforms. */
export interface MultiPlatformImage {
  readonly index: Descriptor;
  readonly platforms: readonly Descriptor[];
}

/** Pushes an image for two platforms under one tag. */
export async function pushMultiPlatformImage(pusher: Pusher, tag: string): Promise<MultiPlatformImage> {
  const platforms: Descriptor[] = [];
  for (const [architecture, folder] of [
    ['amd64', 'src'],
    ['arm64', 'docs'],
  ] as const) {
    const platform = { os: 'linux', architecture };
    platforms.push({ ...(await pushPlatform(pusher, platform, [folder])), platform });
  }
  const index = { schemaVersion: 2, mediaType: types.index, manifests: platforms };
  return { index: await pushJson(pusher, types.index, index, tag), platforms };
}

async function pushPlatform(
  pusher: Pusher,
  platform: Platform,
  folders: readonly string[],
  tag?: string,
): Promise<Descriptor> {
  const archives = await Promise.all(folders.map((folder) => tar(folder)));
  const layers = await Promise.all(archives.map((archive) => pushBytes(pusher, types.layer, gzipSync(archive))));
  const config = await pushJson(pusher, types.config, {
    ...platform,
    config: { Cmd: ['/bin/true'] },
    rootfs: { type: 'layers', diff_ids: archives.map((archive) => digestOf(archive)) },
  });
  return await pushJson(pusher, types.manifest, { schemaVersion: 2, mediaType: types.manifest, config, layers }, tag);
}

async function pushJson(pusher: Pusher, mediaType: string, value: unknown, tag?: string): Promise<Descriptor> {
  return await pushBytes(pusher, mediaType, Buffer.from(JSON.stringify(value)), tag);
}

async function pushBytes(pusher: Pusher, mediaType: string, bytes: Buffer, tag?: string): Promise<Descriptor> {
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
  await pusher.push(descriptor, bytes, { tag });
  return descriptor;
}

async function tar(folder: string): Promise<Buffer> {
  const parameters = ['--create', '--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', folder];
  const options = { cwd: projectRoot, encoding: 'buffer', maxBuffer: 64 * 1024 * 1024 } as const;
  return (await promisify(execFile)('tar', parameters, options)).stdout;
}
