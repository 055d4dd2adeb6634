import { describe, expect, it } from 'vitest';
import { categoryOf } from '../../../src/oci/artifact-kind.js';
import { escapeText } from '../../../src/oci/escape.js';
import { artifactTypeOf, parseManifest } from '../../../src/oci/manifest.js';
import { mediaTypes } from '../../../src/oci/media-types.js';

const config = { mediaType: mediaTypes.ociConfig, digest: `sha256:${'a'.repeat(64)}`, size: 2 };
const image = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [] };
const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] };
const parse = (value: unknown, type: string): unknown =>
  parseManifest(Buffer.from(JSON.stringify(value)), type, 'manifest');

describe('a manifest', () => {
  it('has the type the specification derives: artifactType, else the type of its config, for an index none', () => {
    const typeOf = (value: unknown, type: string): string | undefined =>
      artifactTypeOf(parseManifest(Buffer.from(JSON.stringify(value)), type, 'manifest'));
    expect(typeOf({ ...image, artifactType: 'a/b' }, mediaTypes.ociManifest)).toBe('a/b');
    expect(typeOf({ ...image, artifactType: '' }, mediaTypes.ociManifest)).toBe(mediaTypes.ociConfig);
    expect(typeOf(image, mediaTypes.ociManifest)).toBe(mediaTypes.ociConfig);
    expect(typeOf(index, mediaTypes.ociIndex)).toBeUndefined();
  });

  it.each([
    ['is image manifest and index at once', { ...image, manifests: [] }, mediaTypes.ociManifest],
    ['is index and image manifest at once', { ...index, layers: [] }, mediaTypes.ociIndex],
    ['has no config', { ...image, config: undefined }, mediaTypes.ociManifest],
    ['has a negative size', { ...image, config: { ...config, size: -1 } }, mediaTypes.ociManifest],
    [
      'has a digest in upper case',
      { ...image, config: { ...config, digest: config.digest.toUpperCase() } },
      mediaTypes.ociManifest,
    ],
    [
      'has a media type with control characters',
      { ...image, config: { ...config, mediaType: 'a/b\u001b[2J' } },
      mediaTypes.ociManifest,
    ],
  ])('is refused when it %s', (_name, value, type) => {
    expect(() => parse(value, type)).toThrow(expect.objectContaining({ code: 'ERR_OCI_BAD_SCHEMA' }));
  });

  it('is refused when it came as another type than it says', () => {
    expect(() => parse(index, mediaTypes.dockerList)).toThrow(
      expect.objectContaining({ code: 'ERR_OCI_BAD_CONTENT_TYPE' }),
    );
    expect(() => parse(image, 'application/json')).toThrow(
      expect.objectContaining({ code: 'ERR_OCI_BAD_CONTENT_TYPE' }),
    );
  });
});

describe('the category of an artifact', () => {
  it.each([
    ['application/vnd.cyclonedx+json', 'sbom'],
    ['application/spdx+json', 'sbom'],
    ['application/vnd.in-toto+json', 'attestation'],
    ['application/vnd.openvex+json', 'vex'],
    ['application/vnd.cyclonedx.vex+json', 'vex'],
    ['application/vnd.cncf.notary.signature', 'signature'],
    ['application/vnd.dev.sigstore.bundle.v0.3+json', 'signature'],
    ['application/octet-stream', 'other'],
    [undefined, 'other'],
  ])('of %s is %s', (type, category) => {
    expect(categoryOf(type)).toBe(category);
  });

  it("of a sigstore bundle is told by its annotation, of cosign's older tags by their suffix", () => {
    const annotations = { 'dev.sigstore.bundle.content': 'dsse-envelope' };
    expect(categoryOf('application/vnd.dev.sigstore.bundle.v0.3+json', annotations)).toBe('attestation');
    expect(categoryOf(mediaTypes.ociConfig, undefined, 'sha256-abc.sig')).toBe('signature');
  });
});

describe('text from a registry', () => {
  it('cannot redraw a terminal', () => {
    expect(escapeText('ok\u001b[2J\r\n\u202egnp.exe\u200b')).toBe('ok\\u001b[2J\\u000d\\u000a\\u202egnp.exe\\u200b');
    expect(escapeText('größe ✓ 日本')).toBe('größe ✓ 日本');
  });

  it('is cut', () => {
    expect(escapeText('x'.repeat(600))).toHaveLength(513);
  });
});
