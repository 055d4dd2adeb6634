import { randomUUID } from 'node:crypto';
import type { BufferedResponse } from '../http/types.js';
import type { Descriptor } from '../oci/descriptor.js';
import { mediaTypes } from '../oci/media-types.js';
import { isRepositoryName } from '../oci/reference.js';
import type { CapabilityFinding } from './capabilities.js';
import type { Connections } from './connections.js';
import type { ProbeDebris } from './probe-debris.js';
import { ProbeStep, type WriteProbe } from './probe-step.js';
import { makeBlob, probeChunks, storeBlob } from './probe-upload.js';
import { Repository } from './repository.js';
import { postUpload, sessionFrom } from './upload-session.js';

/** What marks content of a probe that was left behind. */
const probeType = 'application/vnd.stellaops.oci-referrers.probe.v1+json';
/** What is added to a repository's name for the one that is mounted into. */
const neighbourSuffix = '-oci-probe';
const onlyWrites = ['chunked-upload', 'cross-repository-mount', 'delete'] as const;

/** Says of the three why nobody looked. */
export function leaveOpen(reason: string): readonly CapabilityFinding[] {
  return onlyWrites.map((name) => ({ name, state: 'unknown', evidence: reason }));
}

/** Writes content of its own into the repository, noted in the debris, to see what the registry does with it. */
export async function probeWrites(
  connections: Connections,
  at: Repository,
  debris: ProbeDebris,
  signal: AbortSignal,
): Promise<readonly CapabilityFinding[]> {
  const bound = { limitName: 'maxErrorBytes', limit: connections.options.limits.maxErrorBytes };
  const probe: WriteProbe = { connections, at, bound, debris, signal };
  return [await probeChunks(probe), ...(await probeStored(probe))];
}

/** Probes what takes a blob that is stored already. */
async function probeStored(probe: WriteProbe): Promise<readonly CapabilityFinding[]> {
  const content = makeBlob(Buffer.from(JSON.stringify({ probe: randomUUID() })), probeType);
  const mount = new ProbeStep('cross-repository-mount');
  const remove = new ProbeStep('delete');
  let refusal: BufferedResponse | undefined;
  const stored = await mount.run(probe.signal, async () => {
    refusal = await storeBlob(probe, content);
    if (refusal === undefined) return await probeMount(probe, mount, content.blob);
    mount.note('upload of a blob', refusal);
    return withoutBlob(mount, probe.at, refusal);
  });
  const deleted = await remove.run(probe.signal, async () => {
    if (refusal === undefined) return await probeDelete(probe, remove, content.blob);
    remove.note('upload of a blob', refusal);
    return withoutBlob(remove, probe.at, refusal);
  });
  return [stored, deleted];
}

/** A registry that takes no blob at all says nothing about what it does with one. */
function withoutBlob(step: ProbeStep, at: Repository, refusal: BufferedResponse): CapabilityFinding {
  const found = step.refused(at, refusal);
  return found.state === 'unknown' ? found : step.unknown('nothing can be written here to see what becomes of it');
}

/** Mounts a blob into a neighbour of the repository: only a 201 says that it is there, a 202 that it has to be uploaded. */
async function probeMount(
  { at, bound, debris, signal }: WriteProbe,
  step: ProbeStep,
  blob: Descriptor,
): Promise<CapabilityFinding> {
  const name = `${at.name}${neighbourSuffix}`;
  if (!isRepositoryName(name)) return step.unknown('the name of the repository is too long for one beside it');
  const neighbour = new Repository(at.client, at.host, { ...at.reference, repository: name });
  const piece = debris.add({ at: neighbour, descriptor: blob });
  const scopes = [neighbour.scope('pull,push'), at.scope('pull')];
  const answer = await postUpload(neighbour, { mount: blob.digest, from: at.name }, bound, { signal, scopes });
  step.note(`POST ?mount into ${name}`, answer);
  step.naive = `by a status of 201 or 202: ${[201, 202].includes(answer.status) ? 'supported' : 'unsupported'}`;
  if (answer.status === 201) return step.supported();
  debris.refuse(piece, answer);
  if (answer.status === 202) {
    debris.open(neighbour, sessionFrom(answer, neighbour.describe('the probe')));
    return step.unsupported('an upload was opened instead');
  }
  // Registries that make no repository of themselves (ECR) have nothing to mount into.
  return answer.status === 404 ? step.unknown('there is no such repository') : step.refused(neighbour, answer);
}

/** Pushes a manifest, deletes it, and looks: `Allow` of OPTIONS names DELETE where it is disabled, and is missing where it works. */
async function probeDelete(probe: WriteProbe, step: ProbeStep, blob: Descriptor): Promise<CapabilityFinding> {
  const { at, bound, debris, signal } = probe;
  const { mediaType, digest, size } = blob;
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, artifactType: probeType };
  const described = { mediaType, digest, size };
  const bytes = Buffer.from(JSON.stringify({ ...manifest, config: described, layers: [described] }));
  const pushed = makeBlob(bytes, mediaTypes.ociManifest).blob;
  const piece = debris.add({ at, descriptor: pushed });
  const url = at.url('manifests', pushed.digest);
  const put = await at.read('PUT', url, bound, {
    signal,
    scopes: [at.scope('pull,push')],
    headers: { 'content-type': pushed.mediaType },
    body: bytes,
  });
  if (![200, 201, 202].includes(put.status)) {
    debris.refuse(piece, put);
    step.note('PUT of a manifest', put);
    const found = step.refused(at, put);
    return found.state === 'unknown' ? found : step.unknown('there is nothing to delete');
  }
  step.naive = await askAllow(probe, url);
  const answer = await at.read('DELETE', url, bound, { signal, scopes: [at.scope('delete')] });
  step.note('DELETE', answer);
  if (![200, 202, 204].includes(answer.status)) return step.refused(at, answer);
  const head = await at.manifest('HEAD', pushed.digest, bound, { signal });
  step.note('HEAD', head);
  if (head.leftOrigin) return step.unknown(`what became of it is the word of ${head.url.host}, not of the registry`);
  if (head.status === 200) return step.unsupported('it is still there');
  if (head.status !== 404) return step.refused(at, head);
  debris.delete(piece);
  return step.supported();
}

/** What OPTIONS says; whatever becomes of that, it decides nothing. */
async function askAllow({ at, bound, signal }: WriteProbe, url: URL): Promise<string> {
  try {
    const answer = await at.read('OPTIONS', url, bound, { signal, scopes: [at.scope('delete')] });
    const allowed = (answer.headers.get('allow') ?? '').toUpperCase().split(/[\s,]+/);
    const says = answer.status < 300 && allowed.includes('DELETE') ? 'supported' : 'unsupported';
    return `by Allow of OPTIONS (${answer.status}): ${says}`;
  } catch {
    signal.throwIfAborted();
    return 'by Allow of OPTIONS (no answer): unsupported';
  }
}
