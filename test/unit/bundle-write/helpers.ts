import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildArtifact, buildImage, type TestContent } from '@stellaops/oci-referrers/testing';
import { onTestFinished } from 'vitest';

export { type Interceptor, MemorySource } from '../../support/memory-source.js';

export const sbomType = 'application/vnd.cyclonedx+json';
export const signatureType = 'application/vnd.cncf.notary.signature';
export const appReference = 'registry.example.com/team/app:1.2';

/** An image with an SBOM, and a signature of that SBOM. */
export function signedApp(): { image: TestContent; sbom: TestContent; signature: TestContent; all: TestContent[] } {
  const image = buildImage({ layers: [Buffer.from('layer one\n'), Buffer.alloc(3000, 7)] });
  const sbom = buildArtifact({
    artifactType: sbomType,
    subject: image.descriptor,
    content: '{"bomFormat":"CycloneDX"}',
    annotations: { 'org.opencontainers.image.created': '2026-01-27T10:00:00Z' },
  });
  const signature = buildArtifact({ artifactType: signatureType, subject: sbom.descriptor, content: 'signed' });
  return { image, sbom, signature, all: [image, sbom, signature] };
}

/** A directory that is removed when the test ends. */
export async function temporaryDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'bundle-write-'));
  onTestFinished(async () => {
    await rm(path, { recursive: true, force: true });
  });
  return path;
}

/** Runs a program and returns what it prints; fails when the program does. */
export async function run(program: string, args: readonly string[], cwd?: string): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { cwd, maxBuffer: 16 * 1024 * 1024 });
  return stdout;
}
