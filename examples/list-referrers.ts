// Lists what refers to an image, and reads its first CycloneDX SBOM, verified.
// Usage: node list-referrers.js registry.example.com/team/app:1.2
import { json } from 'node:stream/consumers';
import { createResolver, type Descriptor } from '@stellaops/oci-referrers';

const reference = process.argv[2] ?? 'registry.example.com/team/app:1.2';
await using resolver = createResolver();
const { descriptor } = await resolver.resolve(reference);
const fetcher = await resolver.fetcher(reference);

for (const referrer of await fetcher.fetchReferrers(descriptor)) console.log(referrer.artifactType, referrer.digest);

const [sbom] = await fetcher.fetchReferrers(descriptor, 'application/vnd.cyclonedx+json');
if (sbom !== undefined) {
  const manifest = (await json(await fetcher.fetch(sbom))) as { layers: [Descriptor] };
  const document = (await json(await fetcher.fetch(manifest.layers[0]))) as { bomFormat: string };
  console.log(document.bomFormat);
}
