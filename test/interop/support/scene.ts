import { attachArtifact, type Descriptor, digestOf, type Pusher } from '@stellaops/oci-referrers';
import { pushMultiPlatformImage } from './image.js';
import type { RegistryKind } from './registries.js';
import { openWorkspace, tag, type Workspace } from './workspace.js';

/** Types of what is attached here. */
export const types = {
  sbom: 'application/vnd.cyclonedx+json',
  scan: 'application/vnd.example.scan+json',
  signature: 'application/vnd.dev.sigstore.bundle.v0.3+json',
} as const;

/** An image of two platforms in a real registry, and what was attached to it. */
export interface Scene extends Workspace {
  /** The index; three SBOMs and two scans refer to it. */
  readonly image: Descriptor;
  /** Those five. */
  readonly attached: readonly Descriptor[];
  /** A platform that nothing refers to. */
  readonly bare: Descriptor;
  /** Digest of every manifest there is: image, platforms, referrers, a referrer of a platform, one of a referrer. */
  readonly closure: readonly string[];
}

/** Starts a registry and puts an image with its referrers there. */
export async function openScene(kind: RegistryKind): Promise<Scene> {
  return await openWorkspace(kind, async ({ pusher }) => {
    const { index: image, platforms } = await pushMultiPlatformImage(pusher, tag);
    const attached: Descriptor[] = [];
    for (const [number, type] of [types.sbom, types.scan, types.sbom, types.scan, types.sbom].entries()) {
      attached.push(await attach(pusher, image, type, String(number)));
    }
    const [sbom, [first, bare]] = [attached[0], platforms];
    if (sbom === undefined || first === undefined || bare === undefined) throw new Error('no second platform');
    const others = [await attach(pusher, first, types.sbom), await attach(pusher, sbom, types.signature)];
    const closure = [image, ...platforms, ...attached, ...others].map(({ digest }) => digest).sort();
    return { image, attached, bare, closure };
  });
}

/** Makes a referrer with one small file; a different text makes a different one. */
export async function attach(
  pusher: Pusher,
  subject: Descriptor,
  artifactType: string,
  text = '',
): Promise<Descriptor> {
  const { content } = fileOf(subject, artifactType, text);
  return await attachArtifact(pusher, subject, { artifactType, files: [{ mediaType: artifactType, content }] });
}

/** The one file of such a referrer. */
export function fileOf(
  subject: Descriptor,
  mediaType: string,
  text: string,
): { readonly descriptor: Descriptor; readonly content: Buffer } {
  const content = Buffer.from(JSON.stringify({ about: subject.digest, text }));
  return { descriptor: { mediaType, digest: digestOf(content), size: content.length }, content };
}
