import { bench, describe } from 'vitest';
import { ByteCursor } from '../../src/bundle/byte-cursor.js';
import { encodeEntryHeader } from '../../src/bundle/tar-header.js';
import { readEntryHeader } from '../../src/bundle/tar-header-reader.js';
import { createResponseHeaders } from '../../src/http/headers.js';
import { nextLink } from '../../src/http/link-header.js';
import { parseIndex } from '../../src/oci/manifest.js';
import { parseStrictJson } from '../../src/oci/strict-json.js';

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield await Promise.resolve(bytes);
}

// The first of each group is what Node does by itself: compare with it, not with another day or machine.
const descriptor = (at: number): object => ({
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  digest: `sha256:${at.toString(16).padStart(64, '0')}`,
  size: 700 + at,
  annotations: { 'org.opencontainers.image.created': '2026-01-01T00:00:00Z' },
  artifactType: 'application/spdx+json',
});
const page = Buffer.from(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: Array.from({ length: 1_000 }, (_, at) => descriptor(at)),
  }),
);

describe('a page of 1,000 referrers', () => {
  bench('JSON.parse', () => {
    JSON.parse(page.toString());
  });
  bench('strict JSON', () => {
    parseStrictJson(page, 'the page');
  });
  bench('a list of referrers', () => {
    parseIndex(page, 'the page');
  });
});

describe('the way to the next page', () => {
  const base = new URL('https://registry.example.com/v2/app/referrers/sha256:0?n=100');
  const headers = createResponseHeaders({
    link: '</v2/app/referrers/sha256:0?n=100&last=9>; rel="next"; title="a, b; c"',
  });
  bench('new URL', () => {
    new URL('/v2/app/referrers/sha256:0?n=100&last=9', base);
  });
  bench('Link', () => {
    nextLink(headers, base);
  });
});

describe('the header of a file in an archive', () => {
  const name = `blobs/sha256/${'0123456789abcdef'.repeat(4)}`;
  const header = encodeEntryHeader(name, 123_456);
  bench('a copy of its bytes', () => {
    Buffer.from(header);
  });
  bench('written', () => {
    encodeEntryHeader(name, 123_456);
  });
  bench('read', async () => {
    await readEntryHeader(new ByteCursor(once(header)), undefined);
  });
});
