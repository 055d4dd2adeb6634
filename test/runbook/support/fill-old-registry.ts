import { createResolver, type Pusher } from '@stellaops/oci-referrers';
import { buildArtifact, type TestContent } from '@stellaops/oci-referrers/testing';

/** Pushes an image to a registry without the API, with what cosign left beside images before there was one. */
export async function fillOldRegistry(reference: string, image: TestContent, tag: string): Promise<void> {
  await using resolver = createResolver({ credentials: () => ({ anonymous: true }) });
  const pusher = await resolver.pusher(`${reference}:${tag}`);
  await push(pusher, image, tag);
  const older = image.descriptor.digest.replace(':', '-');
  for (const kind of ['sig', 'att', 'sbom']) {
    const artifact = buildArtifact({ artifactType: `application/vnd.example.${kind}`, content: kind });
    await push(pusher, artifact, `${older}.${kind}`);
  }
}

async function push(pusher: Pusher, { descriptor, manifest, blobs }: TestContent, tag: string): Promise<void> {
  for (const { descriptor: blob, bytes } of blobs) await pusher.push(blob, bytes);
  await pusher.push(descriptor, manifest, { tag });
}
