import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assertDescriptor, type Descriptor } from '../../../src/oci/descriptor.js';
import { isDigest } from '../../../src/oci/digest.js';
import {
  blobsBelow,
  type Manifest,
  manifestsBelow,
  parseIndex,
  parseManifest,
  subjectOf,
} from '../../../src/oci/manifest.js';
import { isManifestType, mediaTypeOf, mediaTypes } from '../../../src/oci/media-types.js';

const digest = `sha256:${'a'.repeat(64)}`;
const junk = fc.jsonValue({ maxDepth: 1 });
/** A value that belongs there, or one that does not. */
const mostly = (right: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 25, arbitrary: right }, { weight: 1, arbitrary: junk });
const either = (...right: unknown[]): fc.Arbitrary<unknown> => mostly(fc.constantFrom(...right));
const descriptor = fc.record(
  {
    mediaType: either(mediaTypes.ociManifest, mediaTypes.ociLayer),
    digest: either(digest, `sha512:${'b'.repeat(128)}`),
    size: either(0, 2, Number.MAX_SAFE_INTEGER),
    artifactType: either('a/b', '', null),
    annotations: either({}, { a: 'b' }, null),
    platform: either({ os: 'linux', architecture: 'amd64' }, null),
  },
  { requiredKeys: ['mediaType', 'digest', 'size'] },
);
const list = mostly(fc.array(descriptor, { maxLength: 3 }));
const common = { schemaVersion: either(2), subject: mostly(descriptor), annotations: either({ a: 'b' }, null) };
const document = fc.oneof(
  fc.record(
    { ...common, config: mostly(descriptor), layers: list },
    { requiredKeys: ['schemaVersion', 'config', 'layers'] },
  ),
  fc.record(
    { ...common, manifests: list, artifactType: either('a/b') },
    { requiredKeys: ['schemaVersion', 'manifests'] },
  ),
  fc.record(
    { ...common, mediaType: junk, config: junk, layers: list, manifests: list },
    { requiredKeys: ['schemaVersion'] },
  ),
);
const bytes = fc.oneof(
  { weight: 5, arbitrary: document.map((value) => Buffer.from(JSON.stringify(value))) },
  { weight: 1, arbitrary: fc.uint8Array().map((value) => Buffer.from(value)) },
);
const type = fc.constantFrom(
  mediaTypes.ociIndex,
  mediaTypes.ociManifest,
  mediaTypes.dockerList,
  'application/json',
  '',
);
const typed = expect.stringMatching(/^ERR_OCI_BAD_(?:JSON|SCHEMA|CONTENT_TYPE)$/) as string;

function tryTo<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    expect(error).toMatchObject({ code: typed, name: 'ProtocolError' });
    return undefined;
  }
}

function descriptorsOf(parsed: Manifest): Descriptor[] {
  const subject = subjectOf(parsed);
  return [...manifestsBelow(parsed), ...blobsBelow(parsed), ...(subject === undefined ? [] : [subject])];
}

describe('a manifest', () => {
  it('is read, with every descriptor fit for a URL, or refused with a typed error, whatever the bytes', () => {
    let read = 0;
    fc.assert(
      fc.property(bytes, type, (content, contentType) => {
        const parsed = tryTo(() => parseManifest(content, contentType, 'manifest'));
        if (parsed === undefined) return;
        read++;
        for (const found of descriptorsOf(parsed)) {
          assertDescriptor(found);
          expect(isDigest(found.digest)).toBe(true);
        }
      }),
      { numRuns: 2_000 },
    );
    expect(read, 'documents that are fine').toBeGreaterThan(50);
  });

  it('that is read as a list of referrers is an index, or refused with a typed error', () => {
    fc.assert(
      fc.property(bytes, (content) => {
        const index = tryTo(() => parseIndex(content, 'list'));
        if (index !== undefined) expect(Array.isArray(index.manifests)).toBe(true);
      }),
    );
  });

  it('of 4 MiB without one right descriptor is refused at once', () => {
    const wrong = `{"schemaVersion":2,"manifests":[${'0,'.repeat(2_000_000)}0]}`;
    expect(tryTo(() => parseIndex(Buffer.from(wrong), 'list'))).toBeUndefined();
  });
});

describe('a media type', () => {
  it('is lower-case and without parameters for any header, and reading it again changes nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (header) => {
        const found = mediaTypeOf(header);
        expect(found).not.toContain(';');
        expect(mediaTypeOf(found)).toBe(found);
        if (isManifestType(found)) expect(found).toMatch(/^application\/vnd\.(?:oci|docker)\./);
      }),
    );
  });
});
