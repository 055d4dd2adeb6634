import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BundleWriter, bundlePredicateType, createKeySigner } from '@stellaops/oci-referrers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { appReference, MemorySource, signedApp } from '../unit/bundle-write/helpers.js';
import { describeWith, isInstalled, run, shell } from './support/tools.js';

const kinds: Readonly<Record<string, () => KeyObject>> = {
  Ed25519: () => generateKeyPairSync('ed25519').privateKey,
  'ECDSA P-256': () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  'ECDSA P-384': () => generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey,
  'RSA 3072': () => generateKeyPairSync('rsa', { modulusLength: 3072 }).privateKey,
};

/** Extracts a signed bundle, with the public key that others verify it with. */
async function signedBundle(kind: string): Promise<{ directory: string; key: string; signature: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'oci-referrers-signed-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const privateKey = kinds[kind]?.();
  if (privateKey === undefined) throw new Error(`there is no kind ${kind}`);
  const signer = createKeySigner(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  const { all, image } = signedApp();
  const source = new MemorySource(all);
  const writer = new BundleWriter({ signers: [signer] });
  await writer.add({ source, reference: appReference, descriptor: image.descriptor }).write(join(directory, 'b.tgz'));
  await run('tar', ['--extract', '--file', 'b.tgz'], directory);
  const key = join(directory, 'key.pub');
  await writeFile(key, createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }));
  return { directory, key, signature: 'signatures/00.sigstore.json' };
}

describeWith(['openssl'], 'a signed bundle, to openssl', () => {
  it.each([
    ['Ed25519', 'pkeyutl -verify -rawin -in pae -sigfile sig -pubin -inkey key.pub'],
    ['ECDSA P-256', 'dgst -sha256 -verify key.pub -signature sig pae'],
    ['ECDSA P-384', 'dgst -sha384 -verify key.pub -signature sig pae'],
    ['RSA 3072', 'dgst -sha256 -verify key.pub -signature sig pae'],
  ])('verifies with what the specification says of a key of %s', async (kind, command) => {
    const { directory, signature } = await signedBundle(kind);
    const { dsseEnvelope } = JSON.parse(await readFile(join(directory, signature), 'utf8')) as {
      dsseEnvelope: { payload: string; signatures: [{ sig: string }] };
    };
    await writeFile(join(directory, 'payload'), dsseEnvelope.payload, 'base64');
    await writeFile(join(directory, 'sig'), dsseEnvelope.signatures[0].sig, 'base64');
    const parts = [
      'cd "$1"',
      '{ printf "DSSEv1 28 application/vnd.in-toto+json %d " "$(wc -c < payload)"; cat payload; } > pae',
      `openssl ${command}`,
      'grep -q "$(sha256sum bundle.json | cut -c1-64)" payload',
    ];
    expect(await shell(parts.join(' && '), directory)).toMatch(/Verified OK|Verified Successfully/);
  });
});

// Not among the tools that CI installs: it takes minutes to build.
describe.skipIf(!isInstalled('cosign'))('a signed bundle, to cosign', () => {
  const verify = async (directory: string, key: string, signature: string): Promise<string> => {
    // There is no transparency log behind a bundle, and no network to look for the keys of one.
    const root = join(directory, 'root.json');
    await writeFile(root, '{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}');
    const flags = ['--new-bundle-format', '--trusted-root', root, '--insecure-ignore-tlog'];
    const what = ['--key', key, '--bundle', signature, '--type', bundlePredicateType, 'bundle.json'];
    return await shell(
      'cd "$1"; shift; cosign "$@" 2>&1 || true',
      directory,
      'verify-blob-attestation',
      ...flags,
      ...what,
    );
  };

  // cosign 2.6.2 verifies no key on P-384 with its own hash, SHA-384, so that one is not here.
  it.each(['Ed25519', 'ECDSA P-256', 'RSA 3072'])('verifies with a key of %s', async (kind) => {
    const { directory, key, signature } = await signedBundle(kind);
    expect(await verify(directory, key, signature)).toContain('Verified OK');
    await writeFile(join(directory, 'bundle.json'), '{}');
    expect(await verify(directory, key, signature)).toContain('does not match any digest');
  });
});
