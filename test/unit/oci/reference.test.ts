import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatReference, isRegistryHost, parseReference } from '../../../src/oci/reference.js';

const hex = 'a'.repeat(64);

describe('a reference', () => {
  it.each([
    ['registry.example.com/team/app:1.2', { registry: 'registry.example.com', repository: 'team/app', tag: '1.2' }],
    ['127.0.0.1:5000/app', { registry: '127.0.0.1:5000', repository: 'app', tag: 'latest' }],
    ['localhost/app', { registry: 'localhost', repository: 'app', tag: 'latest' }],
    ['a.example:65535/app', { registry: 'a.example:65535', repository: 'app', tag: 'latest' }],
    ['[::1]:5000/team/app:v1', { registry: '[::1]:5000', repository: 'team/app', tag: 'v1' }],
    ['EXAMPLE.com:5000/app', { registry: 'example.com:5000', repository: 'app', tag: 'latest' }],
    ['[::FFFF:1]/app', { registry: '[::ffff:1]', repository: 'app', tag: 'latest' }],
    ['Index.Docker.io/alpine', { registry: 'docker.io', repository: 'library/alpine', tag: 'latest' }],
    ['LOCALHOST/app', { registry: 'localhost', repository: 'app', tag: 'latest' }],
    ['alpine', { registry: 'docker.io', repository: 'library/alpine', tag: 'latest' }],
    ['team/app:2', { registry: 'docker.io', repository: 'team/app', tag: '2' }],
    ['docker.io/alpine', { registry: 'docker.io', repository: 'library/alpine', tag: 'latest' }],
    ['index.docker.io/team/app', { registry: 'docker.io', repository: 'team/app', tag: 'latest' }],
    [`a.example/app@sha256:${hex}`, { registry: 'a.example', repository: 'app', digest: `sha256:${hex}` }],
    [`a.example/app:1@sha256:${hex}`, { registry: 'a.example', repository: 'app', tag: '1', digest: `sha256:${hex}` }],
  ])('is read as Docker and containerd read it: %s', (text, expected) => {
    expect(parseReference(text)).toEqual({ tag: undefined, digest: undefined, ...expected });
  });

  it.each([
    ['', 'is empty'],
    ['https://a.example/app', 'scheme'],
    ['a.example/Team/App', 'repository'],
    ['a.example/app:', 'tag'],
    ['a.example/app:-x', 'tag'],
    ['a.example/app@sha256:short', 'digest'],
    [`a.example/app@md5:${hex}`, 'digest'],
    ['a.example/', 'repository'],
    ['a_b.example:80/app', 'registry'],
    ['localhost:0/app', 'registry'],
    ['localhost:65536/app', 'registry'],
    ['localhost:99999/app', 'registry'],
    ['localhost:05000/app', 'registry'],
    ['256.256.256.256/app', 'registry'],
    ['[::1::2]:5000/app', 'registry'],
    ['a.example/../app', 'repository'],
    ['a.example/app?x=1', 'repository'],
    ['x'.repeat(2000), 'longer'],
  ])('that cannot be read names the argument and the part: %j', (text, part) => {
    expect(() => parseReference(text)).toThrow(
      expect.objectContaining({
        code: 'ERR_OCI_INVALID_REFERENCE',
        argument: 'reference',
        message: expect.stringContaining(part) as string,
      }),
    );
  });

  it('suggests lower case for a repository in upper case', () => {
    expect(() => parseReference('a.example/Team/App')).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('team/app') as string }),
    );
  });

  it('survives being written out and read again', () => {
    const host = fc.constantFrom('a.example', '127.0.0.1:5000', 'localhost', '[::1]', 'docker.io');
    const part = fc.stringMatching(/^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/).filter((text) => text.length < 40);
    const repository = fc.array(part, { minLength: 2, maxLength: 4 }).map((parts) => parts.join('/'));
    const tag = fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,20}$/), { nil: undefined });
    const digest = fc.option(fc.constant(`sha256:${hex}`), { nil: undefined });
    fc.assert(
      fc.property(host, repository, tag, digest, (registry, name, tagName, digestText) => {
        const reference = { registry, repository: name, tag: tagName, digest: digestText };
        const expected =
          tagName === undefined && digestText === undefined ? { ...reference, tag: 'latest' } : reference;
        expect(parseReference(formatReference(reference))).toEqual(expected);
      }),
    );
  });

  it('has a registry that a request can be sent to, whatever was accepted', () => {
    const host = fc.stringMatching(/^[a-z0-9[\]:.-]{1,12}$/);
    const port = fc.option(fc.integer({ min: 0, max: 99_999 }), { nil: undefined });
    fc.assert(
      fc.property(host, port, (name, number) => {
        const text = number === undefined ? name : `${name}:${number}`;
        if (isRegistryHost(text)) expect(new URL(`https://${text}/v2/`).pathname).toBe('/v2/');
      }),
      { numRuns: 1000 },
    );
  });

  it('never throws anything but an argument error, whatever it is given', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        try {
          parseReference(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_OCI_INVALID_REFERENCE' });
        }
      }),
    );
  });
});
