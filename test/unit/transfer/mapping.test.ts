import { formatReference, parseReference } from '@stellaops/oci-referrers';
import { describe, expect, it } from 'vitest';
import { type MappingOptions, mapReferences } from '../../../src/transfer/mapping.js';

const map = (sources: string[], options: MappingOptions): string[] =>
  mapReferences(
    sources.map((source) => parseReference(source)),
    options,
  ).map(formatReference);

describe('where images go', () => {
  it('keeps repository and tag below the target registry', () => {
    expect(map(['a.example/team/app:1', 'alpine'], { to: 'mirror:5000' })).toEqual([
      'mirror:5000/team/app:1',
      'mirror:5000/library/alpine:latest',
    ]);
  });

  it('puts everything below a prefix', () => {
    expect(map(['a.example/app:1'], { to: 'Mirror:5000/in/here/' })).toEqual(['mirror:5000/in/here/app:1']);
  });

  it('sends a repository with a rule elsewhere, whatever its tag', () => {
    const rules = { 'a.example/team/app': 'b.example/other/app' };
    expect(map(['a.example/team/app:1', 'a.example/team/app:2'], { map: rules })).toEqual([
      'b.example/other/app:1',
      'b.example/other/app:2',
    ]);
  });

  it('refuses two repositories that would land on one name', () => {
    expect(() => map(['a.example/app:1', 'b.example/app:2'], { to: 'mirror:5000' })).toThrow(
      expect.objectContaining({ code: 'ERR_OCI_TRANSFER_REFUSED' }),
    );
  });

  it('refuses an image that has no target', () => {
    expect(() => map(['a.example/app:1'], {})).toThrow(expect.objectContaining({ code: 'ERR_OCI_TRANSFER_REFUSED' }));
  });

  it('refuses a rule for a repository that has no image there: it may be misspelt', () => {
    const options = { to: 'mirror:5000', map: { 'a.example/ap': 'b.example/app' } };
    expect(() => map(['a.example/app:1'], options)).toThrow(
      expect.objectContaining({
        code: 'ERR_OCI_TRANSFER_REFUSED',
        hint: expect.stringContaining('a.example/app') as string,
      }),
    );
  });

  it('does not take the name of a host or directory for an account at Docker Hub', () => {
    for (const to of ['mirror', 'mirror/prefix']) {
      expect(() => map(['a.example/app:1'], { to })).toThrow(
        expect.objectContaining({
          code: 'ERR_OCI_INVALID_OPTION',
          hint: expect.stringContaining('mirror:443') as string,
        }),
      );
    }
    for (const target of ['mirror/app', 'app']) {
      expect(() => map(['a.example/app:1'], { map: { 'a.example/app': target } })).toThrow(
        expect.objectContaining({ code: 'ERR_OCI_INVALID_OPTION', argument: 'map' }),
      );
    }
    expect(map(['app:1'], { map: { app: 'index.docker.io/me/app' } })).toEqual(['docker.io/me/app:1']);
    expect(map(['a.example/app:1'], { to: 'docker.io/mirror' })).toEqual(['docker.io/mirror/app:1']);
    expect(map(['a.example/app:1'], { to: 'localhost' })).toEqual(['localhost/app:1']);
  });

  it.each([{ to: 'https://mirror' }, { to: 'mirror:5000/UPPER' }, { map: { 'a.example/app:1': 'b.example/app' } }])(
    'names the option that cannot work: %o',
    (options) => {
      expect(() => map(['a.example/app:1'], options)).toThrow(
        expect.objectContaining({ code: 'ERR_OCI_INVALID_OPTION' }),
      );
    },
  );
});
