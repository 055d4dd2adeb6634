import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { canonicalJson } from '../../../src/bundle/canonical-json.js';
import { bundleIdOf, canonicalRecord } from '../../../src/bundle/canonical-record.js';
import { emitChecksums, emitRecordFiles } from '../../../src/bundle/checksums.js';
import { emitManifestYaml } from '../../../src/bundle/manifest-yaml.js';
import { type BundleRecord, bundleRecordSchema } from '../../../src/bundle/record.js';
import { digestOf } from '../../../src/oci/digest.js';
import { parseJsonAs } from '../../../src/oci/strict-json.js';

const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 });
const nasty = fc.oneof(
  text,
  fc.constantFrom(
    'true',
    'null',
    '~',
    'no',
    '- a',
    '# b',
    'a: b',
    '"',
    '\\',
    '\u0085',
    '\u2028',
    '\ufeff',
    '\ud800',
    '10',
  ),
);
// A test of its own: comparing plain objects does not see this key.
const key = fc.oneof(nasty, fc.string({ minLength: 1020, maxLength: 1030 })).filter((name) => name !== '__proto__');
const digest = fc.uint8Array().map((bytes) => digestOf(bytes, bytes.length % 2 === 0 ? 'sha256' : 'sha512'));
const size = fc.nat();
const artifact = fc.record(
  {
    digest,
    artifactType: nasty,
    mediaType: nasty,
    size,
    path: nasty,
    sha256: fc.constant('0'.repeat(64)),
    category: fc.constantFrom('sbom', 'attestation', 'signature', 'vex', 'other'),
    tag: nasty,
    annotations: fc.dictionary(key, fc.string({ unit: 'binary' })),
  },
  { requiredKeys: ['digest', 'mediaType', 'size', 'path', 'sha256', 'category'] },
);
const subject = fc.record({
  subject: digest,
  reference: nasty,
  discovery: fc.record({
    source: fc.constantFrom('api', 'tag-schema', 'layout', 'bundle'),
    host: nasty,
    complete: fc.boolean(),
    found: fc.nat(1000),
    included: fc.nat(1000),
    filtered: fc.nat(1000),
  }),
  artifacts: fc.array(artifact, { maxLength: 3 }),
});
const platforms = fc.record({ included: fc.array(nasty), missing: fc.array(nasty) });
const record = fc.record(
  {
    schemaVersion: fc.constant(1),
    bundleId: digest,
    previousBundleId: digest,
    createdAt: fc.constant('2026-01-27T10:00:00Z'),
    expiresAt: fc.constant('2027-01-27T10:00:00Z'),
    generator: nasty,
    complete: fc.boolean(),
    requireReferrers: fc.array(fc.record({ artifactType: nasty, min: fc.integer({ min: 1, max: 9 }) }), {
      maxLength: 2,
    }),
    images: fc.array(fc.record({ reference: nasty, digest, mediaType: nasty, size, platforms }), { maxLength: 2 }),
    referrers: fc.record({ subjects: fc.array(subject, { maxLength: 2 }) }),
    entries: fc.array(fc.record({ path: nasty, size, digest }), { maxLength: 3 }),
    external: fc.array(fc.record({ digest, size, reason: fc.constantFrom('delta', 'nondistributable') }), {
      maxLength: 2,
    }),
  },
  {
    requiredKeys: [
      'schemaVersion',
      'bundleId',
      'generator',
      'complete',
      'requireReferrers',
      'images',
      'referrers',
      'entries',
      'external',
    ],
  },
) as fc.Arbitrary<BundleRecord>;

test('manifest.yaml says what bundle.json says, whatever the texts in it', () => {
  fc.assert(
    fc.property(record, (value) => {
      const { entries, ...rest } = JSON.parse(JSON.stringify(value)) as BundleRecord;
      const { counts, ...shown } = parse(emitManifestYaml(value).toString()) as Record<string, unknown>;
      expect(shown).toEqual(rest);
      expect(counts).toMatchObject({ images: rest.images.length, entries: entries.length });
    }),
  );
});

test('manifest.yaml shows nothing that could redraw a terminal', () => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there.
  const dangerous = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;
  fc.assert(
    fc.property(record, (value) => {
      expect(emitManifestYaml(value).toString()).not.toMatch(dangerous);
    }),
  );
  const reversed = '\u202egnp.exe\u200b\u001b[2J';
  const image = { reference: reversed, digest: '', mediaType: '', size: 0, platforms: { included: [], missing: [] } };
  const [sample] = fc.sample(record, 1);
  const shown = emitManifestYaml({ ...(sample as BundleRecord), images: [image] }).toString();
  expect(shown).toContain(String.raw`reference: "\u202egnp.exe\u200b\u001b[2J"`);
});

test('bundle.json reads back as the same record and serialises to the same bytes again', () => {
  fc.assert(
    fc.property(record, (value) => {
      const bytes = canonicalRecord(value);
      const read = parseJsonAs(bytes, bundleRecordSchema, 'bundle.json');
      expect(canonicalRecord(read).equals(bytes)).toBe(true);
      expect(JSON.parse(bytes.toString())).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('no annotation is lost for its name', () => {
  const annotations = JSON.parse('{"__proto__":"kept"}') as Record<string, string>;
  const [sample] = fc.sample(
    record.filter(({ referrers }) => referrers.subjects.some((list) => list.artifacts.length > 0)),
    1,
  );
  const subjects = (sample as BundleRecord).referrers.subjects.map((list) => ({
    ...list,
    artifacts: list.artifacts.map((item) => ({ ...item, annotations })),
  }));
  const changed = { ...(sample as BundleRecord), referrers: { subjects } };
  expect(canonicalRecord(changed).toString()).toContain('"__proto__": "kept"');
  expect(emitManifestYaml(changed).toString()).toContain('annotations: { "__proto__": "kept" }');
});

test('bundle.json is the same however the record was put together', () => {
  fc.assert(
    fc.property(record, (value) => {
      const reversed = (item: unknown): unknown => {
        if (typeof item !== 'object' || item === null) return item;
        if (Array.isArray(item)) return item.map(reversed);
        return Object.fromEntries(
          Object.entries(item)
            .reverse()
            .map(([name, inner]) => [name, reversed(inner)]),
        );
      };
      expect(canonicalRecord(reversed(value) as BundleRecord).equals(canonicalRecord(value))).toBe(true);
    }),
  );
});

test('canonical JSON is what JSON.stringify gives, but for the order of a map', () => {
  fc.assert(
    fc.property(
      fc.jsonValue({ noUnicodeString: false }).filter((value) => !JSON.stringify(value).includes('null')),
      (value) => {
        const own = value as Parameters<typeof canonicalJson>[0];
        expect(canonicalJson(own, true)).toBe(JSON.stringify(value, null, 2));
        expect(canonicalJson(own, false)).toBe(JSON.stringify(value));
      },
    ),
  );
  expect(
    canonicalJson(
      new Map([
        ['b', 1],
        ['9', 2],
        ['10', 3],
      ]),
      false,
    ),
  ).toBe('{"10":3,"9":2,"b":1}');
});

test('the id of a bundle changes with every field of an entry and of external content', () => {
  const entry = { path: 'index.json', size: 1, digest: digestOf(Buffer.from('a')) };
  const external = { digest: entry.digest, size: 1, reason: 'delta' } as const;
  const ids = [
    bundleIdOf([entry], [external]),
    bundleIdOf([{ ...entry, path: 'oci-layout' }], [external]),
    bundleIdOf([{ ...entry, size: 2 }], [external]),
    bundleIdOf([{ ...entry, mediaType: 'a/b' }], [external]),
    bundleIdOf([entry], [{ ...external, reason: 'nondistributable' }]),
    bundleIdOf([entry], []),
  ];
  expect(new Set(ids).size).toBe(ids.length);
  const line = `entry index.json 1 ${entry.digest} -\nexternal ${entry.digest} 1 delta\n`;
  expect(ids[0]).toBe(digestOf(Buffer.from(line)));
});

test('each entry is in the checksum file of its own algorithm', () => {
  const short = { path: 'a', size: 1, digest: `sha256:${'1'.repeat(64)}` };
  const long = { path: 'b', size: 1, digest: `sha512:${'2'.repeat(128)}` };
  expect(emitChecksums([short, long], 'sha256').toString()).toBe(`${'1'.repeat(64)}  a\n`);
  expect(emitChecksums([short, long], 'sha512').toString()).toBe(`${'2'.repeat(128)}  b\n`);
});

test('checksums.sha512 is made only where something has a sha512 digest', () => {
  fc.assert(
    fc.property(record, (value) => {
      const paths = emitRecordFiles(value).map((file) => file.path);
      const isLong = value.entries.some((entry) => entry.digest.startsWith('sha512:'));
      expect(paths.includes('checksums.sha512')).toBe(isLong);
    }),
  );
});
