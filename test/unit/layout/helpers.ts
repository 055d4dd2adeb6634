import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Descriptor } from '@stellaops/oci-referrers';
import { buildArtifact, buildImage, buildIndex, type TestContent } from '@stellaops/oci-referrers/testing';
import { onTestFinished } from 'vitest';
import { provenanceType, sbomType, signatureType } from '../../support/artifact-types.js';

export const refName = 'org.opencontainers.image.ref.name';
export const imageName = 'io.containerd.image.name';

/** An image with an SBOM, a signature of the SBOM, and the provenance of its second platform. */
export interface Family {
  readonly index: TestContent;
  readonly platform: TestContent;
  readonly sbom: TestContent;
  readonly signature: TestContent;
  readonly provenance: TestContent;
  readonly all: readonly TestContent[];
}

export function buildFamily(): Family {
  const amd64 = buildImage({ platform: { os: 'linux', architecture: 'amd64' } });
  const platform = buildImage({ layers: [Buffer.from('arm64')], platform: { os: 'linux', architecture: 'arm64' } });
  const index = buildIndex([amd64, platform]);
  const sbom = buildArtifact({ artifactType: sbomType, subject: index.descriptor, content: '{}' });
  const signature = buildArtifact({ artifactType: signatureType, subject: sbom.descriptor, content: 'signed' });
  const provenance = buildArtifact({ artifactType: provenanceType, subject: platform.descriptor, content: '{}' });
  return { index, platform, sbom, signature, provenance, all: [index, sbom, signature, provenance] };
}

/** Type, digest and size, and what index.json says beside them. */
export function entry(content: TestContent, annotations?: Readonly<Record<string, string>>): Descriptor {
  const { mediaType, digest, size } = content.descriptor;
  return { mediaType, digest, size, ...(annotations === undefined ? {} : { annotations }) };
}

export const named = (content: TestContent, name: string): Descriptor => entry(content, { [refName]: name });

export async function temporaryDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'layout-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

export function blobPath(root: string, { digest }: Pick<Descriptor, 'digest'>): string {
  return join(root, 'blobs', digest.replace(':', '/'));
}

/** Writes a layout by hand, as some other tool might; nothing of the library takes part. */
export async function writeLayout(contents: readonly TestContent[], entries: readonly Descriptor[]): Promise<string> {
  const root = await temporaryDirectory();
  for (const algorithm of ['sha256', 'sha512']) await mkdir(join(root, 'blobs', algorithm), { recursive: true });
  const add = async (content: TestContent): Promise<void> => {
    await writeFile(blobPath(root, content.descriptor), content.manifest);
    for (const { descriptor, bytes } of content.blobs) await writeFile(blobPath(root, descriptor), bytes);
    for (const child of content.children) await add(child);
  };
  for (const content of contents) await add(content);
  await writeFile(join(root, 'oci-layout'), '{"imageLayoutVersion": "1.0.0"}');
  await writeIndex(root, entries);
  return root;
}

export async function writeIndex(root: string, manifests: readonly unknown[], more: object = {}): Promise<void> {
  await writeFile(join(root, 'index.json'), JSON.stringify({ schemaVersion: 2, ...more, manifests }));
}

/** The entries of index.json as they stand there. */
export async function readIndex(root: string): Promise<readonly Descriptor[]> {
  const { manifests } = JSON.parse(await readFile(join(root, 'index.json'), 'utf8')) as { manifests: Descriptor[] };
  return manifests;
}

export const digests = (descriptors: readonly Pick<Descriptor, 'digest'>[]): readonly string[] =>
  descriptors.map(({ digest }) => digest).sort();
