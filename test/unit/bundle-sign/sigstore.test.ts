import { bundleFromJSON } from '@sigstore/bundle';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/oci/digest.js';
import { app, appBundle, filesOf } from '../bundle-read/bundles.js';
import { appReference } from '../bundle-write/helpers.js';
import { makeKey, signaturesIn, type TestKey } from './keys.js';

const noRoots = { certificateAuthorities: [], timestampAuthorities: [], tlogs: [], ctlogs: [] } as never;

/** Verifies a signature file as sigstore-js does, with one key and no transparency log. */
function verifyWithSigstore(file: Buffer, { hint, publicKey }: TestKey): Buffer {
  const parsed = bundleFromJSON(JSON.parse(file.toString()));
  const rawBytes = publicKey.export({ type: 'spki', format: 'der' });
  const keys = { [hint]: { rawBytes, keyDetails: 0 } } as never;
  const verifier = new Verifier(toTrustMaterial(noRoots, keys), {
    tlogThreshold: 0,
    timestampThreshold: 0,
    ctlogThreshold: 0,
  });
  verifier.verify(toSignedEntity(parsed));
  if (parsed.content.$case !== 'dsseEnvelope') throw new Error('there is no envelope');
  return parsed.content.dsseEnvelope.payload;
}

describe('a signature, to sigstore-js', () => {
  // P-384 is not among them: @sigstore/verify 3.1.1, as cosign 2.6.2, hashes with SHA-256 whatever the key, and services
  // that hold keys sign with SHA-384 on that curve.
  it.each(['Ed25519', 'ECDSA P-256', 'RSA 2048'])(
    'is a sigstore bundle that verifies, by a key of %s',
    async (kind) => {
      const key = makeKey(kind);
      const bundle = await appBundle({ signers: [key.signer] });
      const [file = Buffer.alloc(0)] = await signaturesIn(bundle);
      const record = (await filesOf(bundle)).find(([path]) => path === 'bundle.json')?.[1] ?? '';
      const subject = (name: string, digest: string): object => ({ name, digest: { sha256: digest.slice(7) } });
      expect(JSON.parse(verifyWithSigstore(file, key).toString())).toEqual({
        _type: 'https://in-toto.io/Statement/v1',
        subject: [
          subject('bundle.json', digestOf(Buffer.from(record))),
          subject(appReference, app.image.descriptor.digest),
        ],
        predicateType: 'https://stella-ops.org/oci-referrers/bundle/v1',
        predicate: { bundleId: (JSON.parse(record.toString()) as { bundleId: string }).bundleId },
      });
      expect(() => verifyWithSigstore(file, { ...makeKey(kind), hint: key.hint })).toThrow(
        'signature verification failed',
      );
    },
  );

  it('is a sigstore bundle by a key on P-384 too, which it does not verify: it hashes with SHA-256 only', async () => {
    const key = makeKey('ECDSA P-384');
    const [file = Buffer.alloc(0)] = await signaturesIn(await appBundle({ signers: [key.signer] }));
    expect(bundleFromJSON(JSON.parse(file.toString())).content.$case).toBe('dsseEnvelope');
    expect(() => verifyWithSigstore(file, key)).toThrow('signature verification failed');
  });
});
