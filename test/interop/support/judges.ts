import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf } from '@stellaops/oci-referrers';
import { programPath } from './build-programs.js';
import { run } from './tools.js';
import { robot } from './users.js';

const oracleLogin = ['-username', robot.username, '-password', robot.password] as const;
const skopeoLogin = `${robot.username}:${robot.password}`;

/** What two other clients say refers to a manifest, as `digest artifactType`, sorted. */
export interface OtherClients {
  readonly oras: readonly string[];
  readonly regclient: readonly string[];
}

/** Asks oras-go and regclient what refers to a manifest in a registry. */
export async function listElsewhere(repository: string, digest: string): Promise<OtherClients> {
  const answer = await run(programPath('oracle'), [...oracleLogin, 'list', `${repository}@${digest}`]);
  return JSON.parse(answer) as OtherClients;
}

/** Asks oras-go and regclient what refers to a manifest in an image layout. */
export async function listInLayout(directory: string, digest: string): Promise<OtherClients> {
  return JSON.parse(await run(programPath('oracle'), ['layout', directory, digest])) as OtherClients;
}

/** Has oras-go or regclient copy an image with its referrers into a new layout. */
export async function copyClosureElsewhere(
  tool: 'oras' | 'regclient',
  image: string,
  directory: string,
): Promise<void> {
  await run(programPath('oracle'), [...oracleLogin, 'copy', tool, image, directory]);
}

/** Has regclient pack an image, without its referrers, as a tar with an image layout in it. */
export async function packWithRegclient(image: string, file: string): Promise<void> {
  await run(programPath('oracle'), [...oracleLogin, 'export', image, file]);
}

/** Asks oras-go what refers to a manifest in an image layout that is packed as a tar. */
export async function listInArchive(file: string, digest: string): Promise<readonly string[]> {
  return JSON.parse(await run(programPath('oracle'), ['archive', file, digest])) as readonly string[];
}

/** Has oras-go make a referrer, and returns its digest. */
export async function attachElsewhere(repository: string, digest: string, artifactType: string): Promise<string> {
  const answer = await run(programPath('oracle'), [...oracleLogin, 'attach', `${repository}@${digest}`, artifactType]);
  return (JSON.parse(answer) as { digest: string }).digest;
}

/** Has skopeo read an image, and returns the digest it finds. */
export async function inspect(image: string): Promise<string> {
  const answer = await run('skopeo', ['inspect', '--tls-verify=false', '--creds', skopeoLogin, image]);
  return (JSON.parse(answer) as { Digest: string }).Digest;
}

/** Has skopeo fetch a manifest as it is, and returns the digest of its bytes. */
export async function rawDigest(image: string): Promise<string> {
  return digestOf(Buffer.from(await run('skopeo', ['inspect', '--raw', '--tls-verify=false', image])));
}

/** Has skopeo copy an image, with all its platforms and blobs, into a new layout, and returns the digest it arrives with. */
export async function copyToLayout(image: string, directory: string): Promise<string> {
  await run('skopeo', [
    'copy',
    '--all',
    '--insecure-policy',
    '--src-tls-verify=false',
    image,
    `oci:${directory}:copied`,
  ]);
  const index = JSON.parse(await readFile(join(directory, 'index.json'), 'utf8')) as {
    manifests: { digest: string }[];
  };
  return index.manifests.map(({ digest }) => digest).join();
}

/** Has skopeo copy an image, without its referrers, from one registry to another. */
export async function copyElsewhere(from: string, to: string): Promise<void> {
  const flags = ['--all', '--insecure-policy', '--src-tls-verify=false', '--dest-tls-verify=false'];
  await run('skopeo', ['copy', ...flags, `docker://${from}`, `docker://${to}`]);
}
