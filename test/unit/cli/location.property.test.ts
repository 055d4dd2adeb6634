import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseLocation } from '../../../src/cli/location.js';

const digest = `sha256:${'a'.repeat(64)}`;

describe('a location on the command line', () => {
  it.each([
    ['oci:dir', { layout: 'dir' }],
    ['oci:dir:', { layout: 'dir' }],
    ['oci:a/b:1.2', { layout: 'a/b', name: '1.2' }],
    ['oci:/a/b:host:5000/app:1.2', { layout: '/a/b', name: 'host:5000/app:1.2' }],
    [`oci:dir@${digest}`, { layout: 'dir', name: `@${digest}` }],
    [`oci:dir:host/app@${digest}`, { layout: 'dir', name: `host/app@${digest}` }],
    ['oci:a@b:1', { layout: 'a@b', name: '1' }],
    ['ocidir://dir', { layout: 'dir' }],
    ['ocidir:///a/b:1.2', { layout: '/a/b', name: '1.2' }],
    [`ocidir://dir@${digest}`, { layout: 'dir', name: `@${digest}` }],
    ['host:5000/app:1', { reference: 'host:5000/app:1', registry: 'host:5000' }],
    ['app', { reference: 'app', registry: 'docker.io' }],
  ])('%s is understood', (text, expected) => {
    expect(parseLocation(text, 'source')).toEqual(expected);
  });

  it.each(['oci:', 'oci::1', 'ocidir://', `oci:@${digest}`])('%s names no directory', (text) => {
    expect(() => parseLocation(text, 'source')).toThrow(/names no directory/);
  });

  it.each([
    ['./mirror', 'oci:./mirror'],
    ['/srv/mirror', 'oci:/srv/mirror'],
    ['localhost:5000', 'localhost:5000/REPOSITORY:TAG'],
    ['127.0.0.1:5000', '127.0.0.1:5000/REPOSITORY:TAG'],
  ])('%s is not taken for an image of Docker Hub', (text, right) => {
    expect(() => parseLocation(text, 'source')).toThrow(
      expect.objectContaining({ hint: expect.stringContaining(right) as string }),
    );
  });

  it('gives directory and name back as they were written', () => {
    const directory = fc.string({ minLength: 1 }).filter((text) => !/[:@]/.test(text));
    const name = fc.string({ minLength: 1 }).filter((text) => !text.includes('@'));
    fc.assert(
      fc.property(directory, name, (layout, wanted) => {
        expect(parseLocation(`oci:${layout}:${wanted}`, 'source')).toEqual({ layout, name: wanted });
        expect(parseLocation(`oci:${layout}@${digest}`, 'source')).toEqual({ layout, name: `@${digest}` });
      }),
    );
  });

  it('is an answer or a typed error for any text', () => {
    fc.assert(
      fc.property(fc.constantFrom('', 'oci:', 'ocidir://'), fc.string(), (scheme, rest) => {
        try {
          parseLocation(scheme + rest, 'source');
        } catch (error) {
          expect(['UsageError', 'ArgumentError']).toContain((error as Error).name);
        }
      }),
    );
  });
});
