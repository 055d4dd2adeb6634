import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { TLSSocket } from 'node:tls';
import { createHostsDirectory, createResolver, type Fetcher, type Resolver } from '@stellaops/oci-referrers';
import {
  buildArtifact,
  buildImage,
  startRegistry,
  type TestRegistry,
  type TestRegistryOptions,
} from '@stellaops/oci-referrers/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { authority, serverIdentity } from '../http/certificates.js';
import { createCertsD, pemFiles } from './hosts-scene.js';
import { asked, repository, sbomType } from './setup.js';

const image = buildImage();
const sbom = buildArtifact({ artifactType: sbomType, subject: image.descriptor, content: 'sbom' });
const reference = `registry.example.com/${repository}:v1`;

async function registryWith(
  contents: readonly (typeof image)[],
  options: TestRegistryOptions = {},
): Promise<TestRegistry> {
  const registry = await startRegistry(options);
  onTestFinished(() => registry.close());
  for (const content of contents) registry.store.add(repository, content, content === image ? { tag: 'v1' } : {});
  return registry;
}

/** A resolver that takes the hosts of `registry.example.com` from a directory on disk. */
async function resolverWith(hostsToml: string): Promise<Resolver> {
  const certsD = await createCertsD();
  await certsD.write('registry.example.com', { 'hosts.toml': hostsToml, ...pemFiles });
  return resolverOn(certsD.path);
}

function resolverOn(path: string): Resolver {
  const hosts = createHostsDirectory(path);
  const resolver = createResolver({ retry: 0, credentials: () => ({ anonymous: true }), hosts });
  onTestFinished(() => resolver.close());
  return resolver;
}

async function fetcherWith(hostsToml: string): Promise<Fetcher> {
  return await (await resolverWith(hostsToml)).fetcher(reference);
}

describe('a directory of hosts, between real registries', () => {
  it('from before the referrers API says, where the registry cannot be reached, which mirror was not asked and why', async () => {
    const mirror = await registryWith([image, sbom]);
    const fetcher = await fetcherWith(`
server = "http://127.0.0.1:1"
authoritative = true
[host."${mirror.origin}"]
capabilities = ["pull", "resolve"]
`);
    await expect(fetcher.fetchReferrers(image.descriptor)).rejects.toMatchObject({
      code: 'ERR_OCI_NETWORK',
      message: expect.stringContaining(`${mirror.host} was not asked, as its capabilities lack referrers`) as string,
      hint: expect.stringMatching(/capability referrers.*docs\/mirrors\.md/) as string,
    });
  });

  it('from before the referrers API pulls from the mirror and asks the server for referrers', async () => {
    const mirror = await registryWith([image]);
    const upstream = await registryWith([image, sbom]);
    const resolver = await resolverWith(`
server = "${upstream.origin}"
authoritative = true
[host."${mirror.origin}"]
capabilities = ["pull", "resolve"]
`);
    const { descriptor } = await resolver.resolve(reference);
    const list = await (await resolver.fetcher(reference)).listReferrers(descriptor);
    expect(list.referrers.map(({ digest }) => digest)).toEqual([sbom.descriptor.digest]);
    expect(list.host).toBe(upstream.host);
    expect(asked(mirror)).toEqual(['HEAD manifest']);
    expect(asked(upstream)).toEqual(['GET referrers']);
    expect(mirror.requests[0]?.query.get('ns')).toBe('registry.example.com');
  });

  it('unites what a mirror lists with what the server has', async () => {
    const mirror = await registryWith([image]);
    const upstream = await registryWith([image, sbom]);
    const fetcher = await fetcherWith(`
server = "${upstream.origin}"
authoritative = true
[host."${mirror.origin}"]
`);
    expect(await fetcher.fetchReferrers(image.descriptor)).toHaveLength(1);
    expect([asked(mirror), asked(upstream)]).toEqual([['GET referrers'], ['GET referrers']]);
  });

  it('asks nobody else where an air-gapped mirror speaks alone', async () => {
    const mirror = await registryWith([image, sbom]);
    const upstream = await registryWith([image]);
    const fetcher = await fetcherWith(`
server = "${upstream.origin}"
[host."${mirror.origin}"]
authoritative = true
`);
    expect(await fetcher.fetchReferrers(image.descriptor)).toHaveLength(1);
    expect(upstream.requests).toEqual([]);
  });

  it('does not take the word of another server that nobody made authoritative, and says how to', async () => {
    const mirror = await registryWith([image, sbom]);
    const fetcher = await fetcherWith(`server = "${mirror.origin}"`);
    await expect(fetcher.fetchReferrers(image.descriptor)).rejects.toMatchObject({
      code: 'ERR_OCI_REFERRERS_UNCONFIRMED',
      hint: expect.stringContaining('authoritative = true in hosts.toml') as string,
    });
  });

  it('without anybody to ask for referrers is an error, where containerd gives an empty list', async () => {
    const mirror = await registryWith([image, sbom]);
    const fetcher = await fetcherWith(`server = "${mirror.origin}"\ncapabilities = ["pull", "resolve"]`);
    await expect(fetcher.fetchReferrers(image.descriptor)).rejects.toMatchObject({
      code: 'ERR_OCI_REFERRERS_UNSUPPORTED',
    });
    expect(mirror.requests).toEqual([]);
  });

  it('that is broken sends nobody to the server instead', async () => {
    const upstream = await registryWith([image]);
    const resolver = await resolverWith(
      `server = "${upstream.origin}"\n[host."https://mirror.example"]\ncapabilites = []`,
    );
    await expect(resolver.resolve(reference)).rejects.toMatchObject({
      code: 'ERR_OCI_INVALID_OPTION',
      message: expect.stringContaining('capabilites, which is no key') as string,
    });
    expect(upstream.requests).toEqual([]);
  });

  it('asks below the path it names', async () => {
    const mirror = await registryWith([]);
    const resolver = await resolverWith(`
server = "${mirror.origin}/v2/hub"
override_path = true
[host."${mirror.origin}/hub"]
`);
    await expect(resolver.resolve(reference)).rejects.toMatchObject({ code: 'ERR_OCI_NOT_FOUND' });
    const paths = new Set(mirror.requests.map(({ path }) => path));
    expect([...paths]).toEqual([`/hub/v2/${repository}/manifests/v1`, `/v2/hub/${repository}/manifests/v1`]);
  });
});

describe('TLS and time, from a directory of hosts', () => {
  /** Lets nobody in without a certificate of the test's authority. */
  const tls = { ...serverIdentity, ca: authority, requestCert: true, rejectUnauthorized: true };

  it('shows the client certificate and the headers of a mirror to that mirror alone', async () => {
    const shown: string[] = [];
    const mirror = await registryWith([], {
      tls,
      intercept: ({ message, headers }) => {
        const { socket } = message;
        const client = socket instanceof TLSSocket ? socket.getPeerCertificate().subject.CN : '';
        shown.push(`${String(client)}: ${headers['x-mirror'] ?? ''}`);
        return false;
      },
    });
    const upstream = await registryWith([image], { tls: serverIdentity });
    const resolver = await resolverWith(`
server = "${upstream.origin}"
ca = "ca.pem"
[host."${mirror.origin}"]
ca = ["ca.pem"]
client = [["client.crt.pem", "client.key.pem"]]
header = { x-mirror = "yes" }
`);
    expect((await resolver.resolve(reference)).descriptor).toEqual(image.descriptor);
    expect(new Set(shown)).toEqual(new Set(['Test client: yes']));
    expect(upstream.requests.map(({ headers }) => headers['x-mirror'])).toEqual([undefined]);
  });

  it('does not trust a mirror without its authority, unless told to', async () => {
    const mirror = await registryWith([image], { tls: serverIdentity });
    const resolve = async (line: string): Promise<unknown> =>
      await (await resolverWith(`server = "${mirror.origin}"\n${line}`)).resolve(reference);
    await expect(resolve('')).rejects.toMatchObject({ code: 'ERR_OCI_NETWORK' });
    await expect(resolve('skip_verify = false')).rejects.toMatchObject({ code: 'ERR_OCI_NETWORK' });
    await expect(resolve('skip_verify = true')).resolves.toMatchObject({ descriptor: image.descriptor });
  });

  it("reaches a registry through certificates in Docker's form", async () => {
    const registry = await registryWith([image], { tls });
    const certsD = await createCertsD();
    await certsD.write(registry.host, { 'ca.crt': authority, 'me.cert': pemFiles['client.pem'] });
    const { descriptor } = await resolverOn(certsD.path).resolve(`${registry.host}/${repository}:v1`);
    expect(descriptor).toEqual(image.descriptor);
  });

  it('gives up on a mirror after its dial_timeout and goes on to the next host', async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      silent.close();
    });
    const upstream = await registryWith([image]);
    const resolver = await resolverWith(`
server = "${upstream.origin}"
[host."https://127.0.0.1:${(silent.address() as AddressInfo).port}"]
dial_timeout = "200ms"
`);
    const start = performance.now();
    expect((await resolver.resolve(reference)).descriptor).toEqual(image.descriptor);
    // Without it the default of 10 seconds would have held.
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  it('is refused beside a dispatcher, which would know nothing of it', async () => {
    const { Agent } = await import('undici');
    const dispatcher = new Agent();
    onTestFinished(() => dispatcher.close());
    const certsD = await createCertsD();
    await certsD.write('registry.example.com', { 'hosts.toml': 'skip_verify = true' });
    await using resolver = createResolver({ dispatcher, hosts: createHostsDirectory(certsD.path) });
    await expect(resolver.resolve(reference)).rejects.toMatchObject({
      code: 'ERR_OCI_INVALID_OPTION',
      argument: 'dispatcher',
    });
  });
});
