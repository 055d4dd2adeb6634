import { createResolver, type ResolverOptions } from '@stellaops/oci-referrers';
import { buildImage } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import { authority, serverIdentity } from '../http/certificates.js';
import { startTls } from '../http/tls-server.js';
import { openScene } from './setup.js';

const image = buildImage();

/** Resolves an image at a registry on loopback that has TLS. */
async function resolveAtTls(options: (host: string) => ResolverOptions): Promise<string> {
  const { origin } = await startTls(serverIdentity, (_, response) => {
    const { mediaType, digest, size } = image.descriptor;
    response.writeHead(200, { 'Content-Type': mediaType, 'Content-Length': size, 'Docker-Content-Digest': digest });
    response.end(image.manifest);
  });
  const { host } = new URL(origin);
  await using resolver = createResolver({ retry: 0, credentials: () => ({ anonymous: true }), ...options(host) });
  return (await resolver.resolve(`${host}/team/app:v1`)).descriptor.digest;
}

describe('a registry on loopback', () => {
  it('is spoken to in TLS where it has TLS settings', async () => {
    const digest = await resolveAtTls((host) => ({ tls: { [host]: { ca: authority } } }));
    expect(digest).toBe(image.descriptor.digest);
  });

  it('is spoken to in TLS where its host entry has TLS settings', async () => {
    const capabilities = ['pull', 'resolve', 'referrers'] as const;
    const digest = await resolveAtTls((host) => ({ hosts: () => [{ host, capabilities, tls: { ca: authority } }] }));
    expect(digest).toBe(image.descriptor.digest);
  });

  it('is spoken to in plain HTTP where that is said, whatever TLS settings it has', async () => {
    await using scene = await openScene({}, { plainHttp: true, tls: () => ({ ca: authority }) });
    const { descriptor } = await scene.resolver.resolve(scene.reference);
    expect(descriptor).toMatchObject({ digest: scene.image.descriptor.digest });
  });
});
