import { buildArtifact, startRegistry } from '@stellaops/oci-referrers/testing';
import { discardLargeBlobs, makeLargeImage } from './large-image.js';

// A process of its own, so that neither its memory nor its work is counted as the command's.
const [repository = '', ...sizes] = process.argv.slice(2);
const image = await makeLargeImage(sizes.map(Number));
const source = await startRegistry({ intercept: image.serve });
const subject = image.content.descriptor;
source.store.add(repository, image.content, { tag: '1' });
source.store.add(repository, buildArtifact({ artifactType: 'application/spdx+json', subject, content: '{}' }));
const target = await startRegistry({ intercept: discardLargeBlobs });

// Each run begins with an empty target.
process.on('message', () => {
  target.store.repositories.clear();
  process.send?.('cleared');
});
process.send?.({ source: source.host, target: target.host });
