import { createCipheriv, createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Descriptor } from '@stellaops/oci-referrers';
import { buildImage, type TestContent, type TestRegistryOptions } from '@stellaops/oci-referrers/testing';

const chunkBytes = 256 * 1024;

type Intercept = NonNullable<TestRegistryOptions['intercept']>;

/** An image whose layers are made when they are asked for, because they would not fit into memory. */
export interface LargeImage {
  /** Manifest and config; the layers are not among its blobs. */
  readonly content: TestContent;
  readonly layers: readonly Descriptor[];
  /** Serves the layers; everything else is left to the registry. */
  readonly serve: Intercept;
}

/** Makes an image of layers that cannot be compressed, of these sizes; the same sizes give the same bytes. */
export async function makeLargeImage(sizes: readonly number[]): Promise<LargeImage> {
  const small = buildImage();
  const manifest = JSON.parse(Buffer.from(small.manifest).toString()) as { layers: Descriptor[] };
  const mediaType = manifest.layers[0]?.mediaType ?? '';
  const layers: Descriptor[] = [];
  for (const [seed, size] of sizes.entries()) {
    const hash = createHash('sha256');
    for (const chunk of bytesOf(seed, size)) hash.update(chunk);
    layers.push({ mediaType, digest: `sha256:${hash.digest('hex')}`, size });
    // A registry in this process goes on answering.
    await new Promise(setImmediate);
  }
  const bytes = Buffer.from(JSON.stringify({ ...manifest, layers }));
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const descriptor = { ...small.descriptor, digest, size: bytes.length };
  const serve: Intercept = async ({ method, reference }, response) => {
    const seed = layers.findIndex((layer) => layer.digest === reference);
    const size = layers[seed]?.size;
    if (method !== 'GET' || size === undefined) return false;
    response.writeHead(200, { 'content-length': size });
    // A client that leaves is no fault here.
    await pipeline(Readable.from(bytesOf(seed, size)), response).catch(() => undefined);
    return true;
  };
  return { content: { descriptor, manifest: bytes, blobs: small.blobs.slice(0, 1), children: [] }, layers, serve };
}

/** Takes uploads of large blobs in one request each, verifies them and keeps nothing but their names. */
export const discardLargeBlobs: Intercept = async (
  { method, endpoint, query, message, repository },
  response,
  store,
) => {
  const size = Number(message.headers['content-length'] ?? 0);
  if (method !== 'PUT' || endpoint !== 'upload' || size < chunkBytes) return false;
  const hash = createHash('sha256');
  for await (const chunk of message as AsyncIterable<Buffer>) hash.update(chunk);
  const digest = `sha256:${hash.digest('hex')}`;
  const isRight = digest === query.get('digest');
  if (isRight) store.repository(repository ?? '').blobs.set(digest, Buffer.alloc(0));
  response.writeHead(isRight ? 201 : 400, { location: `/v2/${repository ?? ''}/blobs/${digest}` }).end();
  return true;
};

function* bytesOf(seed: number, size: number): Generator<Buffer> {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, seed + 1), Buffer.alloc(16));
  const zeros = Buffer.alloc(chunkBytes);
  for (let left = size; left > 0; left -= chunkBytes)
    yield cipher.update(zeros.subarray(0, Math.min(left, chunkBytes)));
}
