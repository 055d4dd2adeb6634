import { buildArtifact } from '@stellaops/oci-referrers/testing';
import { blobPath, referrerPath } from '../../src/bundle/entry-paths.js';
import { type Forgery, forged, listOf, put } from '../../test/unit/bundle-read/forge.js';
import type { CorpusBase } from './corpus-base.js';
import { type CorpusFamily, tarCase } from './corpus-case.js';

/**
 * Bundles that somebody rewrote as a whole, so that everything in them agrees.
 *
 * @remarks Nothing tells them from honest ones but a signature: without one they are valid, and the report says that it
 * vouches for integrity only. A signature that was there stays in the file, and covers another record.
 */
export const forgeries: CorpusFamily = {
  name: 'forgeries',
  cases: () => [
    tarCase('a referrer dropped', [], (base) => forged(base.tar, dropSignature(base))),
    tarCase('a referrer dropped, and counted as filtered', [], (base) =>
      forged(base.tar, (forgery) => {
        dropSignature(base)(forgery);
        Object.assign(listOf(forgery, base.sbom.descriptor.digest).discovery, { found: 1, filtered: 1 });
      }),
    ),
    tarCase('a referrer injected', [], (base) => forged(base.tar, injectReferrer(base))),
    tarCase('a requirement dropped', [], ({ tar }) => forged(tar, ({ record }) => record.requireReferrers.splice(0))),
    tarCase('another time of expiry', [], ({ tar }) =>
      forged(tar, ({ record }) => Object.assign(record, { expiresAt: '2998-01-01T00:00:00Z' })),
    ),
    tarCase('another repository', [], ({ tar }) =>
      forged(tar, ({ record }) => {
        for (const named of [...record.images, ...record.referrers.subjects]) {
          named.reference = named.reference.replace('/team/', '/evil/');
        }
      }),
    ),
  ],
};

/** Takes the signature out of every list and file. */
function dropSignature({ sbom, signature }: CorpusBase): (forgery: Forgery) => void {
  return (forgery) => {
    const { contents, record } = forgery;
    const { digest } = signature.descriptor;
    const list = listOf(forgery, sbom.descriptor.digest);
    list.artifacts = [];
    Object.assign(list.discovery, { found: 0, included: 0 });
    record.referrers.subjects = record.referrers.subjects.filter(({ subject }) => subject !== digest);
    contents.delete(referrerPath(sbom.descriptor.digest, digest));
    contents.delete(blobPath(digest));
    const layer = signature.blobs.find(({ bytes }) => Buffer.from(bytes).toString() === 'signed');
    contents.delete(blobPath(layer?.descriptor.digest ?? digest));
  };
}

/** Adds a signature of the image that its registry never had. */
function injectReferrer({ image, signature }: CorpusBase): (forgery: Forgery) => void {
  return (forgery) => {
    const subject = image.descriptor;
    const artifactType = signature.descriptor.artifactType ?? '';
    const evil = buildArtifact({ artifactType, subject, content: 'trust me' });
    const bytes = Buffer.from(evil.manifest);
    const { mediaType, digest, size } = evil.descriptor;
    put(forgery, bytes, mediaType);
    for (const blob of evil.blobs) put(forgery, Buffer.from(blob.bytes));
    const path = referrerPath(subject.digest, digest);
    forgery.contents.set(path, bytes);
    forgery.mediaTypes.set(path, mediaType);
    const list = listOf(forgery, subject.digest);
    const sha256 = digest.slice('sha256:'.length);
    list.artifacts.push({ digest, artifactType, mediaType, size, path, sha256, category: 'signature' });
    list.artifacts.sort((a, b) => (a.digest < b.digest ? -1 : 1));
    Object.assign(list.discovery, { found: list.artifacts.length, included: list.artifacts.length });
    const discovery = { ...list.discovery, found: 0, included: 0, filtered: 0 };
    forgery.record.referrers.subjects.push({ subject: digest, reference: list.reference, discovery, artifacts: [] });
  };
}
