import { execFile } from 'node:child_process';
import { createHash, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { attachArtifact, type Descriptor, type Fetcher, type Pusher } from '@stellaops/oci-referrers';

/** One referrer that was attached. */
export interface Attached {
  readonly title: string;
  readonly descriptor: Descriptor;
  /** The raw manifest of the referrer. */
  readonly bytes: Buffer;
}

/** Everything that was attached, and the key its signatures were made with. */
export interface Evidence {
  readonly referrers: readonly Attached[];
  readonly signature: Descriptor;
  readonly publicKey: KeyObject;
}

const signatureType = 'application/vnd.dev.sigstore.bundle.v0.3+json';

/** Attaches SBOMs, provenance, VEX and signatures to an image, and a signature to one of the SBOMs. */
export async function publishEvidence(pusher: Pusher, image: Descriptor): Promise<Evidence> {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const referrers: Attached[] = [];
  const attach = async (title: string, subject: Descriptor, type: string, content: Buffer): Promise<Descriptor> => {
    const artifact = { artifactType: type, files: [{ mediaType: type, content, annotations: titled(title) }] };
    const descriptor = await attachArtifact(pusher, subject, artifact);
    referrers.push({ title, descriptor, bytes: await buffer(await pusher.fetch(descriptor)) });
    return descriptor;
  };
  const [cyclonedx, spdx] = await Promise.all([npmSbom('cyclonedx'), npmSbom('spdx')]);
  const sbom = await attach('CycloneDX SBOM', image, 'application/vnd.cyclonedx+json', cyclonedx);
  await attach('SPDX SBOM', image, 'application/spdx+json', spdx);
  await attach('in-toto provenance', image, 'application/vnd.in-toto+json', provenanceOf(image));
  await attach('OpenVEX document', image, 'application/vnd.openvex+json', vexOf(image));
  const signature = await attach(
    'signature over the image',
    image,
    signatureType,
    await signManifest(pusher, image, keys),
  );
  await attach('signature over the SBOM', sbom, signatureType, await signManifest(pusher, sbom, keys));
  return { referrers, signature, publicKey: keys.publicKey };
}

/** Fetches the signature from a registry and verifies it over the image's manifest as that registry has it. */
export async function verifySignature(fetcher: Fetcher, image: Descriptor, evidence: Evidence): Promise<void> {
  const referrers = await fetcher.fetchReferrers(image, signatureType);
  const found = referrers.find((referrer) => referrer.digest === evidence.signature.digest);
  if (found === undefined) throw new Error('the signature over the image is not listed');
  const manifest = JSON.parse((await buffer(await fetcher.fetch(found))).toString()) as { layers: [Descriptor] };
  const bundle = JSON.parse((await buffer(await fetcher.fetch(manifest.layers[0]))).toString()) as SigstoreBundle;
  const signed = await buffer(await fetcher.fetch(image));
  const bytes = Buffer.from(bundle.messageSignature.signature, 'base64');
  if (!verify('sha256', signed, evidence.publicKey, bytes)) throw new Error('the signature over the image is wrong');
}

interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

interface SigstoreBundle {
  readonly messageSignature: { readonly signature: string };
}

/** A sigstore bundle with a key of one's own: no certificate, no transparency log. */
async function signManifest(pusher: Pusher, manifest: Descriptor, { privateKey, publicKey }: KeyPair): Promise<Buffer> {
  const bytes = await buffer(await pusher.fetch(manifest));
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  return json({
    mediaType: signatureType,
    verificationMaterial: { publicKey: { hint: createHash('sha256').update(spki).digest('base64') }, tlogEntries: [] },
    messageSignature: {
      messageDigest: { algorithm: 'SHA2_256', digest: Buffer.from(hexOf(manifest), 'hex').toString('base64') },
      signature: sign('sha256', bytes, privateKey).toString('base64'),
    },
  });
}

async function npmSbom(format: 'cyclonedx' | 'spdx'): Promise<Buffer> {
  const parameters = ['sbom', '--package-lock-only', '--omit=dev', '--sbom-format', format];
  const { stdout } = await promisify(execFile)('npm', parameters, {
    maxBuffer: 64 * 1024 * 1024,
    shell: process.platform === 'win32',
  });
  return Buffer.from(stdout);
}

function provenanceOf(image: Descriptor): Buffer {
  return json({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'team/app', digest: { sha256: hexOf(image) } }],
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'https://stellaops.example/demo/v1',
        externalParameters: { source: 'dist' },
        internalParameters: {},
        resolvedDependencies: [],
      },
      runDetails: { builder: { id: 'https://stellaops.example/demo' }, metadata: {} },
    },
  });
}

function vexOf(image: Descriptor): Buffer {
  return json({
    '@context': 'https://openvex.dev/ns/v0.2.0',
    '@id': `https://stellaops.example/vex/${hexOf(image).slice(0, 12)}`,
    author: 'demo@stellaops.example',
    timestamp: new Date().toISOString(),
    version: 1,
    statements: [
      {
        vulnerability: { name: 'CVE-2026-53655' },
        products: [{ '@id': `pkg:oci/app@${encodeURIComponent(image.digest)}` }],
        status: 'not_affected',
        justification: 'component_not_present',
      },
    ],
  });
}

function hexOf({ digest }: Descriptor): string {
  return digest.slice(digest.indexOf(':') + 1);
}

function titled(title: string): Record<string, string> {
  return { 'org.opencontainers.image.title': title };
}

function json(value: unknown): Buffer {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
}
