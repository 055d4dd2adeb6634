import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Platform } from '../../../src/oci/descriptor.js';
import { mediaTypes } from '../../../src/oci/media-types.js';
import type { GraphNode } from '../../../src/referrers/graph.js';
import { formatPlatform, selectChildren } from '../../../src/referrers/platforms.js';

const part = fc.constantFrom('linux', 'windows', 'amd64', 'arm', 'arm64', 'v7', 'v8');
const platform: fc.Arbitrary<Platform> = fc.record(
  { os: part, architecture: part, variant: part },
  { requiredKeys: ['os', 'architecture'] },
);

/** An index with one manifest for each platform, and one that names none. */
function indexOf(platforms: readonly Platform[]): GraphNode {
  const manifests = [undefined, ...platforms].map((one, index) => ({
    mediaType: mediaTypes.ociManifest,
    digest: `sha256:${String(index).padStart(64, '0')}`,
    size: 2,
    platform: one,
  }));
  const descriptor = { mediaType: mediaTypes.ociIndex, digest: `sha256:${'f'.repeat(64)}`, size: 2 };
  const parsed = { kind: 'index', mediaType: descriptor.mediaType, index: { schemaVersion: 2, manifests } } as const;
  return { descriptor, parsed } as unknown as GraphNode;
}

describe('a platform', () => {
  it('that was written out chooses exactly the manifests that are written the same, or the same and a variant', () => {
    fc.assert(
      fc.property(fc.array(platform, { minLength: 1, maxLength: 5 }), fc.nat(), (platforms, at) => {
        const wanted = formatPlatform(platforms[at % platforms.length] ?? { os: '', architecture: '' });
        const chosen = selectChildren(indexOf(platforms), [wanted]).map((child) => child.platform);
        const expected = platforms.filter((one) => {
          const name = formatPlatform(one);
          return name === wanted || name.startsWith(`${wanted}/`);
        });
        expect(chosen).toEqual(expected);
      }),
    );
  });

  it('of any text chooses what is there, or is a typed error that names it', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), platform.map(formatPlatform));
    fc.assert(
      fc.property(fc.array(platform, { maxLength: 3 }), text, (platforms, wanted) => {
        try {
          expect(selectChildren(indexOf(platforms), [wanted]).length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_OCI_INVALID_OPTION', argument: 'platforms' });
        }
      }),
    );
  });
});
