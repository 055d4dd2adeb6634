import { parseRegistryUrl } from '@stellaops/oci-referrers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recogniseRegistry } from '../../../src/doctor/registry-product.js';
import { openWard, user } from './scene.js';

describe('the registry the doctor is told', () => {
  it.each([
    ['https://registry.example.com', 'registry.example.com', 'https'],
    ['https://Registry.Example.com/', 'registry.example.com', 'https'],
    ['http://localhost:5000/v2/', 'localhost:5000', 'http'],
    ['registry.example.com:5000', 'registry.example.com:5000', undefined],
    [' docker.io ', 'docker.io', undefined],
    ['http://registry', 'registry:80', 'http'],
    ['https://registry', 'registry:443', 'https'],
    ['[::1]:5000', '[::1]:5000', undefined],
  ])('%s is understood', (text, registry, scheme) => {
    expect(parseRegistryUrl(text)).toEqual({ registry, scheme });
  });

  it('is a host that can be asked, or an error that repeats neither user nor password', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.webUrl({ withFragments: true, withQueryParameters: true })), (text) => {
        try {
          const { registry } = parseRegistryUrl(text);
          return new URL(`https://${registry}/v2/`).username === '';
        } catch (error) {
          return (error as { code?: string }).code === 'ERR_OCI_INVALID_OPTION';
        }
      }),
    );
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9]{12}$/), (secret) => {
        const texts = [`https://u:${secret}@a.example`, `u:${secret}@a.example:5000/v2/`, `oci://${secret}@a`];
        return texts.every((text) => {
          try {
            parseRegistryUrl(text);
            return false;
          } catch (error) {
            return !JSON.stringify([String(error), error]).includes(secret);
          }
        });
      }),
    );
  });

  it.each([
    ['ghcr.io', 'ghcr'],
    ['docker.io', 'docker-hub'],
    ['123456789012.dkr.ecr.eu-central-1.amazonaws.com', 'ecr'],
    ['public.ecr.aws', 'ecr'],
    ['team.azurecr.io', 'acr'],
    ['europe-docker.pkg.dev', 'google'],
    ['eu.gcr.io', 'google'],
    ['quay.io:443', 'quay'],
    ['registry.gitlab.com', 'gitlab'],
    ['acme.jfrog.io', 'artifactory'],
    ['evil-ghcr.io.example.com', 'unknown'],
  ])('%s is recognised by its name', (host, id) => {
    expect(recogniseRegistry(host, undefined).id).toBe(id);
  });

  it.each([
    ['harbor-2.11', /robot\$NAME/],
    ['quay', /ORGANISATION\+ROBOT/],
    ['ecr', /aws ecr/],
    ['gitlab', /GITLAB_TOKEN/],
  ] as const)('%s is recognised by what it answers, so that the login advised is its own', async (profile, login) => {
    await using ward = await openWard({ profile, auth: user });
    const { severity, howToFix } = await ward.check('credentials');
    expect([severity, howToFix.flatMap(({ commands }) => commands).join('\n')]).toEqual([
      'fail',
      expect.stringMatching(login),
    ]);
  });
});
