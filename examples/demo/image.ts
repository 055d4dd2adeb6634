import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { type Descriptor, digestOf, type Pusher } from '@stellaops/oci-referrers';
import { pack } from 'tar-stream';

/** Builds an image whose layer is this package's own build, pushes it, and points a tag at it. */
export async function pushImage(pusher: Pusher, tag: string): Promise<Descriptor> {
  const tar = await packFolder('dist', 'opt/oci-referrers');
  const layer = gzipSync(tar);
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: { Cmd: ['/usr/bin/node', '/opt/oci-referrers/cli/main.js'] },
      rootfs: { type: 'layers', diff_ids: [`sha256:${createHash('sha256').update(tar).digest('hex')}`] },
    }),
  );
  const layerDescriptor = describe('application/vnd.oci.image.layer.v1.tar+gzip', layer);
  const configDescriptor = describe('application/vnd.oci.image.config.v1+json', config);
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType, config: configDescriptor, layers: [layerDescriptor] }),
  );
  const descriptor = describe(mediaType, manifest);
  await pusher.push(layerDescriptor, layer);
  await pusher.push(configDescriptor, config);
  await pusher.push(descriptor, manifest, { tag });
  return descriptor;
}

function describe(mediaType: string, bytes: Uint8Array): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

async function packFolder(folder: string, prefix: string): Promise<Buffer> {
  const archive = pack();
  const names = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  for (const name of names) {
    archive.entry({ name: join(prefix, relative(folder, name)), mtime: new Date(0) }, await readFile(name));
  }
  archive.finalize();
  return await buffer(archive);
}
