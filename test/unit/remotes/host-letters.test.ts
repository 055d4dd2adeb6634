import { createResolver } from '@stellaops/oci-referrers';
import { describe, expect, it } from 'vitest';
import { openScene } from './setup.js';

const capabilities = ['pull', 'resolve', 'push', 'referrers'] as const;

describe('a registry written in other letters', () => {
  it('has the credentials, headers and connections it has in small ones', async () => {
    const login = { username: 'me', password: 'secret' };
    await using scene = await openScene({ auth: { type: 'basic', ...login } });
    const host = scene.registry.host.replace('127.0.0.1', 'localhost');
    const askedFor: string[] = [];
    await using resolver = createResolver({
      retry: 0,
      credentials: (name) => {
        askedFor.push(name);
        return name === host ? login : { anonymous: true };
      },
      headers: { [host.replace('local', 'Local')]: { 'x-team': 'a' } },
    });
    await resolver.resolve(`${host.toUpperCase()}/team/app:v1`);
    await resolver.resolve(`${host}/team/app:v1`);
    // One login for both: the second request finds the connection of the first.
    expect(askedFor).toEqual([host]);
    expect(scene.registry.requests.map(({ headers }) => headers['x-team'])).toEqual(['a', 'a', 'a']);
  });

  it('is told from a mirror, which gets ns=, also where the host is given in capitals', async () => {
    await using scene = await openScene();
    const host = scene.registry.host.replace('127.0.0.1', 'localhost');
    await using resolver = createResolver({
      retry: 0,
      credentials: (name) => ({ username: name, password: 'p' }),
      hosts: () => [{ host: host.toUpperCase(), capabilities }],
    });
    await resolver.resolve(`${host}/team/app:v1`);
    expect(scene.registry.requests.map(({ url }) => url)).toEqual(['/v2/team/app/manifests/v1']);
  });

  it('is spoken to in plain HTTP where plainHttp has it in other letters', async () => {
    await using scene = await openScene();
    const host = scene.registry.host.replace('127.0.0.1', 'localhost');
    const tls = (): { rejectUnauthorized: boolean } => ({ rejectUnauthorized: true });
    const plainHttp = [host.toUpperCase()];
    await using resolver = createResolver({ retry: 0, credentials: () => ({ anonymous: true }), tls, plainHttp });
    const { descriptor } = await resolver.resolve(`${host}/team/app:v1`);
    expect(descriptor.digest).toBe(scene.image.descriptor.digest);
  });
});
