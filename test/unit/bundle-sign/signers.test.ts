import { constants, createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { BundleWriter } from '../../../src/bundle/bundle-writer.js';
import type { BundleSigner } from '../../../src/bundle/signing/bundle-signer.js';
import { createKeySigner } from '../../../src/bundle/signing/create-key-signer.js';
import { isOciError } from '../../../src/errors/index.js';
import { appBundle, validate } from '../bundle-read/bundles.js';
import { kinds, makeKey } from './keys.js';

const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();
const publicOf = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();
const refused = (argument: string, said: string): unknown =>
  expect.objectContaining({
    code: 'ERR_OCI_INVALID_OPTION',
    argument,
    message: expect.stringContaining(said) as string,
    hint: expect.any(String) as string,
  });

describe('a signer of the caller’s own', () => {
  const digest = (name: string, bytes: Uint8Array): Buffer => createHash(name).update(bytes).digest();
  const signWith = async (publicKey: string | KeyObject, by: BundleSigner['sign']): Promise<Buffer> =>
    await appBundle({ signers: [{ publicKey, sign: by }] });

  it.each([
    ['Ed25519', undefined],
    ['ECDSA P-256', 'sha256'],
    ['ECDSA P-384', 'sha384'],
    ['RSA 2048', 'sha256'],
  ])('signs as a KMS or HSM does, with %s', async (kind, hash) => {
    const { publicKey, privateKey, publicPem, hint } = makeKey(kind);
    for (const given of [publicKey, publicPem]) {
      const bundle = await signWith(given, (payload) => Promise.resolve(sign(hash, payload, privateKey)));
      expect((await validate(bundle, { trustedKeys: [publicPem] })).signedBy).toEqual([hint]);
    }
  });

  const ec = makeKey('ECDSA P-256');
  const long = makeKey('ECDSA P-384');
  const rsa = makeKey('RSA 2048');
  const ed = makeKey();
  const raw = { key: ec.privateKey, dsaEncoding: 'ieee-p1363' } as const;
  const pss = { key: rsa.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING };
  it.each<[string, string, string, BundleSigner['sign']]>([
    [
      'signs a digest (ECDSA)',
      ec.publicPem,
      'of a digest',
      (bytes) => sign('sha256', digest('sha256', bytes), ec.privateKey),
    ],
    [
      'signs a digest (Ed25519)',
      ed.publicPem,
      'of a digest',
      (bytes) => sign(null, digest('sha512', bytes), ed.privateKey),
    ],
    ['gives r and s side by side', ec.publicPem, 'r and s side by side', (bytes) => sign('sha256', bytes, raw)],
    ['pads with PSS', rsa.publicPem, 'padding is PSS', (bytes) => sign('sha256', bytes, pss)],
    ['hashes otherwise', long.publicPem, 'hash is not sha384', (bytes) => sign('sha256', bytes, long.privateKey)],
    ['has another key', ed.publicPem, 'by another key', (bytes) => sign(null, bytes, makeKey().privateKey)],
    ['signs something else', ed.publicPem, 'of other bytes', () => sign(null, Buffer.from('x'), ed.privateKey)],
    ['gives nothing', ed.publicPem, 'does not verify', () => new Uint8Array()],
    ['gives text', ed.publicPem, 'gave no bytes', () => 'c2ln' as never],
    ['changes what it is given', ed.publicPem, 'does not verify', (bytes) => sign(null, bytes.fill(0), ed.privateKey)],
  ])('that %s is told so, and no bundle is written', async (_name, publicKey, said, by) => {
    await expect(signWith(publicKey, by)).rejects.toMatchObject({
      code: 'ERR_OCI_SIGNING',
      message: expect.stringContaining(said) as string,
      hint: expect.any(String) as string,
    });
  });

  it('that fails is the cause of the error', async () => {
    const cause = new Error('the token is locked');
    await expect(signWith(ed.publicPem, () => Promise.reject(cause))).rejects.toMatchObject({
      code: 'ERR_OCI_SIGNING',
      cause,
    });
  });

  it('is not asked for a signature by a plan', async () => {
    const writer = new BundleWriter({
      signers: [{ publicKey: ed.publicPem, sign: () => expect.fail('it was asked') }],
    });
    await expect(writer.plan()).rejects.toMatchObject({ argument: 'subject' });
  });

  it.each<[string, string, string, readonly unknown[]]>([
    ['an empty list', 'signers', 'Too small', []],
    ['something else', 'signers.0', 'is not a signer', [{ sign: () => new Uint8Array() }]],
    ['17 of them', 'signers', 'Too big', Array.from({ length: 17 }, () => ed.signer)],
    ['one key twice', 'signers.1.publicKey', 'signers.0 too', [ed.signer, { ...ed.signer, publicKey: ed.publicKey }]],
    [
      'a private key as the public one',
      'signers.0.publicKey',
      'is a private key',
      [{ ...ed.signer, publicKey: ed.privatePem }],
    ],
  ])('is refused by a writer before any work: %s', (_name, argument, said, signers) => {
    expect(() => new BundleWriter({ signers: signers as never })).toThrow(refused(argument, said));
  });
});

describe('a private key', () => {
  const cosign = '-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n';
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
  const ecKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const { privateKey, publicPem } = makeKey();
  const locked = privateKey
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'right' })
    .toString();

  it.each<[string, string, string]>([
    ['of cosign', cosign, 'a form of cosign'],
    ['of older cosign', cosign.replaceAll('SIGSTORE', 'COSIGN'), 'a form of cosign'],
    ['of RSA under 2048 bits', pemOf(weak), 'rsa of 1024 bits'],
    ['on another curve', pemOf(generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey), 'secp521r1'],
    ['on the curve of coins', pemOf(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey), 'secp256k1'],
    ['of Ed448', pemOf(generateKeyPairSync('ed448').privateKey), 'ed448'],
    ['of RSA for PSS only', pemOf(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey), 'rsa-pss'],
    ['in the older form', ecKey.export({ type: 'sec1', format: 'pem' }).toString(), 'another form (EC PRIVATE KEY)'],
    ['that is encrypted', locked, 'is encrypted'],
    ['that is a public one', publicPem, 'is not a private key'],
    ['that is damaged', pemOf(ecKey).replace(/\n.{20}/, '\n'), 'damaged'],
    ['that is none', 'hello', 'is no PEM private key'],
  ])('%s is refused with a hint', (_name, pem, said) => {
    expect(() => createKeySigner(pem)).toThrow(refused('key', said));
  });

  it('that is encrypted is opened by its passphrase and no other', async () => {
    expect(() => createKeySigner(locked, { passphrase: 'wrong' })).toThrow(refused('key', 'cannot be opened'));
    const bundle = await appBundle({ signers: [createKeySigner(locked, { passphrase: 'right' })] });
    expect((await validate(bundle, { trustedKeys: [publicPem] })).ok).toBe(true);
    expect(() => createKeySigner(locked, { password: 'right' } as object)).toThrow(
      refused('password', 'not an option'),
    );
  });

  it('is never shown: not by its signer, and not by an error about it', () => {
    for (const kind of Object.keys(kinds)) {
      const key = makeKey(kind);
      const secret = key.privatePem.split('\n').slice(1, -2);
      const jwk = key.privateKey.export({ format: 'jwk' });
      const shown = [inspect(key.signer, { depth: 9, showHidden: true }), JSON.stringify(key.signer)];
      for (const pem of [key.privatePem.replace('PRIVATE', 'EC PRIVATE'), key.privatePem.slice(0, -60)]) {
        try {
          createKeySigner(pem);
          expect.fail('it was taken');
        } catch (error) {
          if (!isOciError(error)) throw error;
          shown.push(inspect(error), JSON.stringify(error), String(error.cause));
        }
      }
      for (const text of shown) for (const part of [...secret, String(jwk.d)]) expect(text).not.toContain(part);
    }
  });
});

describe('a trusted key', () => {
  const certificate = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
  const { publicKey, publicPem, privatePem, privateKey } = makeKey();
  const rsa = makeKey('RSA 2048').publicKey;
  it.each<[string, string | KeyObject, string]>([
    ['that is a certificate', certificate, 'is a certificate'],
    ['that is a private key', privatePem, 'is a private key'],
    ['that is a private key object', privateKey, 'is a private key'],
    ['that is two keys', publicPem + publicPem, 'more than one public key'],
    ['with text around it', `my key:\n${publicPem}`, 'more than one public key'],
    ['in the older form of RSA', rsa.export({ type: 'pkcs1', format: 'pem' }).toString(), 'RSA PUBLIC KEY'],
    ['that is damaged', publicPem.replace(/\n.{8}/, '\n'), 'is a damaged public key'],
    ['that is none', 'ssh-ed25519 AAAA', 'is no PEM public key'],
    ['of a kind that is not taken', publicOf(generateKeyPairSync('ed448').publicKey), 'ed448'],
    ['that is too short', publicOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey), '1024 bits'],
    ['for agreement only', publicOf(generateKeyPairSync('x25519').publicKey), 'x25519'],
  ])('%s is refused, and named by its place', async (_name, key, said) => {
    await expect(validate(await appBundle(), { trustedKeys: [publicKey, key] })).rejects.toEqual(
      refused('trustedKeys.1', said),
    );
  });

  it.each<[string, object]>([
    ['trustedKeys', { trustedKeys: [] }],
    ['trustedKeys', { trustedKeys: Array.from({ length: 17 }, () => publicPem) }],
    ['trustedKeys.0', { trustedKeys: [{}] }],
    ['requireSignature', { requireSignature: true }],
    ['signatureThreshold', { signatureThreshold: 1 }],
    ['signatureThreshold', { trustedKeys: [publicPem], signatureThreshold: 2 }],
    ['signatureThreshold', { trustedKeys: [publicPem, publicKey], signatureThreshold: 2 }],
    ['signatureThreshold', { trustedKeys: [publicPem], signatureThreshold: 0 }],
    ['expectPrevious', { expectPrevious: 'latest' }],
    ['rules', { expectPrevious: `sha256:${'a'.repeat(64)}`, rules: [] }],
  ])('or what goes with it cannot be met: the option %s is refused', async (argument, options) => {
    await expect(validate(await appBundle(), options)).rejects.toMatchObject({
      code: 'ERR_OCI_INVALID_OPTION',
      argument,
    });
  });
});
