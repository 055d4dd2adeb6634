import fc from 'fast-check';
import { expect, test } from 'vitest';
import { descriptorSchema, isPlainDescriptor } from '../../../src/oci/descriptor.js';

const odd = fc.oneof(
  fc.constantFrom(null, '', 0, -1, 1.5, true, [], {}, 'x/y', 'x'.repeat(300), { os: 'linux' }),
  fc.record(
    { os: fc.string(), architecture: fc.string(), variant: fc.string(), features: fc.string() },
    { requiredKeys: [] },
  ),
  fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer())),
);
const digest = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(`sha256:${'a1'.repeat(32)}`, `sha512:${'0f'.repeat(64)}`) },
  fc.constantFrom(`sha256:${'A1'.repeat(32)}`, 'sha256:'),
);
const mediaType = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('application/vnd.oci.image.manifest.v1+json', 'a/b') },
  fc.constant('text/html; charset=utf-8'),
);
const field = (usual: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> => fc.oneof({ weight: 20, arbitrary: usual }, odd);
const descriptor = fc.record(
  {
    mediaType: field(mediaType),
    digest: field(digest),
    size: field(fc.maxSafeNat()),
    artifactType: field(fc.string()),
    annotations: field(fc.dictionary(fc.string(), fc.string())),
    platform: field(fc.record({ os: fc.string(), architecture: fc.string() })),
  },
  { requiredKeys: ['mediaType', 'digest', 'size'] },
);
const withMore = fc.record({ data: fc.string(), urls: fc.string() }, { requiredKeys: [] });
const mixed = fc.tuple(descriptor, withMore).map(([one, more]) => ({ ...one, ...more }));

test('what is taken for a descriptor at a glance is one by its schema, with nothing left out', () => {
  let plain = 0;
  fc.assert(
    fc.property(fc.oneof({ weight: 4, arbitrary: descriptor }, mixed, odd), (value) => {
      if (!isPlainDescriptor(value)) return;
      plain++;
      const checked = descriptorSchema.safeParse(value);
      expect(checked.success && checked.data).toEqual(value);
    }),
    { numRuns: 2_000 },
  );
  expect(plain).toBeGreaterThan(100);
});
