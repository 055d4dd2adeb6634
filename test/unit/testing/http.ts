import { digestOf } from '../../../src/oci/digest.js';
import type { TestContent, TestRegistry } from '../../../src/testing/index.js';

/** The code of the first error in an answer, as the specification spells it. */
export async function errorCode(response: Response): Promise<string | undefined> {
  const body = (await response.json()) as { errors?: { code: string }[] };
  return body.errors?.[0]?.code;
}

/** Opens an upload session and returns its URL. */
export async function openUpload(registry: TestRegistry, repository: string): Promise<URL> {
  const response = await fetch(`${registry.origin}/v2/${repository}/blobs/uploads/`, { method: 'POST' });
  return locationOf(registry, response);
}

/** Resolves the `Location` of an answer. */
export function locationOf(registry: TestRegistry, response: Response): URL {
  return new URL(response.headers.get('location') ?? '', registry.origin);
}

/** Adds the digest that ends an upload. */
export function withDigest(url: URL, digest: string): URL {
  const ended = new URL(url);
  ended.searchParams.set('digest', digest);
  return ended;
}

/** Pushes one blob in a single POST. */
export async function pushBlob(registry: TestRegistry, repository: string, bytes: Uint8Array): Promise<Response> {
  const url = withDigest(new URL(`/v2/${repository}/blobs/uploads/`, registry.origin), digestOf(bytes));
  return await fetch(url, { method: 'POST', body: bytes });
}

/** Pushes the manifest of some content, without what is below it. */
export async function pushManifest(
  registry: TestRegistry,
  repository: string,
  content: TestContent,
  reference: string = content.descriptor.digest,
): Promise<Response> {
  return await fetch(`${registry.origin}/v2/${repository}/manifests/${reference}`, {
    method: 'PUT',
    headers: { 'content-type': content.descriptor.mediaType },
    body: content.manifest,
  });
}
