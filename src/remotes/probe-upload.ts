import { randomBytes } from 'node:crypto';
import type { BufferedResponse } from '../http/types.js';
import type { Descriptor } from '../oci/descriptor.js';
import { digestOf } from '../oci/digest.js';
import type { CapabilityFinding } from './capabilities.js';
import { ProbeStep, type WriteProbe } from './probe-step.js';
import { isBlobThere } from './stored-content.js';
import { nextLocation, postUpload, sessionFrom, type UploadSession, withDigest } from './upload-session.js';

const octets = { 'content-type': 'application/octet-stream' };
const leastChunkBytes = 512;
/** A registry that asks for larger chunks is not sent any. */
const mostChunkBytes = 16 * 1024 * 1024;

/** Makes content that nobody else can have, so that nobody else's is removed with it. */
export function makeBlob(bytes: Buffer, mediaType: string): { readonly bytes: Buffer; readonly blob: Descriptor } {
  return { bytes, blob: { mediaType, digest: digestOf(bytes), size: bytes.length } };
}

/** Sends a blob in two chunks: a registry opens an upload for everybody, and some (ECR) then take no chunk. */
export async function probeChunks(probe: WriteProbe): Promise<CapabilityFinding> {
  const { at, bound, debris, signal } = probe;
  const step = new ProbeStep('chunked-upload');
  return await step.run(signal, async () => {
    const opened = await postUpload(at, {}, bound, { signal });
    step.note('POST', opened);
    step.naive = `by the status of POST alone: ${opened.status === 202 ? 'supported' : 'unsupported'}`;
    if (opened.status !== 202) return step.refused(at, opened);
    const session = sessionFrom(opened, at.describe('the probe'));
    debris.open(at, session);
    if (session.minChunkBytes > mostChunkBytes) {
      return step.unknown(`the registry asks for chunks of ${session.minChunkBytes} bytes or more, which is too much`);
    }
    const first = Math.max(leastChunkBytes, session.minChunkBytes);
    return await sendChunks(probe, step, session, [first, leastChunkBytes]);
  });
}

async function sendChunks(
  probe: WriteProbe,
  step: ProbeStep,
  opened: UploadSession,
  sizes: readonly number[],
): Promise<CapabilityFinding> {
  const { at, bound, debris, signal } = probe;
  const { bytes, blob } = makeBlob(randomBytes(sizes.reduce((sum, size) => sum + size, 0)), octets['content-type']);
  let session = opened;
  for (const size of sizes) {
    const { received } = session;
    const end = received + size;
    const answer = await at.read('PATCH', session.location, bound, {
      signal,
      scopes: [at.scope('pull,push')],
      kind: 'blob',
      headers: { ...octets, 'content-range': `${received}-${end - 1}` },
      body: bytes.subarray(received, end),
    });
    step.note('PATCH', answer);
    if (answer.status < 200 || answer.status > 299) return step.refused(at, answer);
    const next = { ...session, location: nextLocation(at, answer, session, at.describe('the probe')), received: end };
    debris.move(session, next);
    session = next;
  }
  const piece = debris.add({ at, descriptor: blob });
  const answer = await finishUpload(probe, session, blob, Buffer.alloc(0));
  step.note('PUT', answer);
  if (answer.status !== 201 && answer.status !== 204) {
    debris.refuse(piece, answer);
    return step.refused(at, answer);
  }
  debris.close(session);
  return (await isBlobThere(at, blob, bound, signal)) ? step.supported() : step.unsupported('the blob is not there');
}

/** Stores a blob in one piece, as every registry takes it; gives back the answer that refused it, if one did. */
export async function storeBlob(
  probe: WriteProbe,
  { bytes, blob }: ReturnType<typeof makeBlob>,
): Promise<BufferedResponse | undefined> {
  const { at, bound, debris, signal } = probe;
  const opened = await postUpload(at, {}, bound, { signal });
  if (opened.status !== 202) return opened;
  const session = sessionFrom(opened, at.describe('the probe'));
  debris.open(at, session);
  const piece = debris.add({ at, descriptor: blob });
  const answer = await finishUpload(probe, session, blob, bytes);
  if (answer.status === 201 || answer.status === 204) {
    debris.close(session);
    return undefined;
  }
  debris.refuse(piece, answer);
  return answer;
}

async function finishUpload(
  { at, bound, signal }: WriteProbe,
  session: UploadSession,
  blob: Descriptor,
  body: Buffer,
): Promise<BufferedResponse> {
  return await at.read('PUT', withDigest(session.location, blob.digest), bound, {
    signal,
    scopes: [at.scope('pull,push')],
    kind: 'blob',
    headers: octets,
    body,
  });
}
