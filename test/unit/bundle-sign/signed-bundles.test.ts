import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { BundleWriter } from '../../../src/bundle/bundle-writer.js';
import { describeSigners, formatReport } from '../../../src/bundle/format-report.js';
import { defaultRules } from '../../../src/bundle/rules.js';
import { app, appBundle, codesOf, onlyFinding, validate } from '../bundle-read/bundles.js';
import { appReference, MemorySource } from '../bundle-write/helpers.js';
import { kinds, makeKey, signatureOf, signaturesIn, withSignatures } from './keys.js';

const ours = makeKey();
const other = makeKey();

describe('a bundle that its writer signed', () => {
  it.each(Object.keys(kinds))('is valid for who trusts the key, and is said to be signed by it: %s', async (kind) => {
    const key = makeKey(kind);
    const bundle = await appBundle({ signers: [key.signer] });
    const report = await validate(bundle, { trustedKeys: [key.publicPem], strict: true });
    expect(report).toMatchObject({ ok: true, findings: [], signed: true, signedBy: [key.hint] });
    expect(formatReport(report)).toContain(`signed by ${key.hint}\n`);
    expect((await validate(bundle, { trustedKeys: [key.publicKey] })).signed).toBe(true);
  });

  it('is the same bundle as the unsigned one, with the signature after the checksums', async () => {
    const [unsigned, signed] = [await appBundle(), await appBundle({ signers: [ours.signer] })];
    expect(await withSignatures(unsigned, ...(await signaturesIn(signed)))).toEqual(signed);
    expect(await withSignatures(signed)).toEqual(unsigned);
  });

  it('has the same bytes each time when its keys are Ed25519', async () => {
    const signers = [ours.signer, other.signer];
    expect(await appBundle({ signers, compression: 'store' })).toEqual(
      await appBundle({ signers, compression: 'store' }),
    );
  });

  it('is reported by the writer with its keys, and has the planned size', async () => {
    const signers = [ours.signer, makeKey('RSA 2048').signer];
    const writer = new BundleWriter({ compression: 'none', signers });
    writer.add({ source: new MemorySource(app.all), reference: appReference, descriptor: app.image.descriptor });
    const { archiveBytes } = await writer.plan();
    expect((await appBundle({ signers })).length).toBe(archiveBytes);
  });

  it('is unsigned for who gives no key, and says that nobody looked at the signature', async () => {
    const report = await validate(await appBundle({ signers: [ours.signer] }));
    expect(onlyFinding(report)).toMatchObject({
      code: 'SignatureUnchecked',
      severity: 'warning',
      path: 'signatures/00.sigstore.json',
    });
    expect(report).toMatchObject({ ok: true, signed: false, signedBy: [] });
    expect(formatReport(report)).toContain('signatures not checked: integrity, not authenticity');
  });
});

describe('with trusted keys, a bundle', () => {
  it('that nobody signed is refused, also where the signature was taken out', async () => {
    const signed = await appBundle({ signers: [ours.signer] });
    for (const bundle of [await appBundle(), await withSignatures(signed)]) {
      const report = await validate(bundle, { trustedKeys: [ours.publicPem] });
      expect(onlyFinding(report)).toMatchObject({ code: 'SignatureMissing', severity: 'error' });
      expect(report).toMatchObject({ ok: false, signed: false });
    }
  });

  it('that somebody else signed is refused, and the finding names the key', async () => {
    const report = await validate(await appBundle({ signers: [other.signer] }), { trustedKeys: [ours.publicPem] });
    expect(onlyFinding(report)).toMatchObject({ code: 'SignatureUntrusted', severity: 'error', actual: other.hint });
    expect(report).toMatchObject({ ok: false, signed: false });
    expect(describeSigners(report)).toBe('not signed by a trusted key: integrity, not authenticity');
  });

  it('may have further signatures by keys that are not known', async () => {
    const bundle = await appBundle({ signers: [other.signer, ours.signer] });
    const report = await validate(bundle, { trustedKeys: [ours.publicPem] });
    expect(onlyFinding(report)).toMatchObject({ code: 'SignatureUntrusted', severity: 'warning' });
    expect(report).toMatchObject({ ok: true, signed: true, signedBy: [ours.hint] });
  });

  it('needs not be signed where no signature is required; then it is called unsigned', async () => {
    const options = { trustedKeys: [ours.publicPem], requireSignature: false };
    expect(await validate(await appBundle(), options)).toMatchObject({ ok: true, findings: [], signed: false });
    const bad = await validate(await appBundle({ signers: [other.signer] }), options);
    expect([bad.ok, codesOf(bad)]).toEqual([false, ['SignatureUntrusted']]);
  });

  it('is signed and still not fine when anything else is wrong with it', async () => {
    const signed = await appBundle({ signers: [ours.signer], expiresAt: '2020-01-01T00:00:00Z' });
    const report = await validate(signed, { trustedKeys: [ours.publicPem] });
    expect(report).toMatchObject({ ok: false, signed: true });
    expect(codesOf(report)).toEqual(['BundleExpired']);
  });

  it('is refused whatever rules the caller chose: the one for signatures cannot be left out', async () => {
    const rules = defaultRules.filter(({ id }) => id !== 'signatures');
    await expect(validate(await appBundle(), { trustedKeys: [ours.publicPem], rules })).rejects.toMatchObject({
      code: 'ERR_OCI_INVALID_OPTION',
      argument: 'rules',
    });
    const silent = rules.concat({ id: 'signatures' });
    await expect(validate(await appBundle(), { trustedKeys: [ours.publicPem], rules: silent })).rejects.toThrow();
  });
});

describe('a threshold', () => {
  const trustedKeys = [ours.publicPem, other.publicPem];

  it('is met by as many different keys', async () => {
    const bundle = await appBundle({ signers: [ours.signer, other.signer] });
    const report = await validate(bundle, { trustedKeys, signatureThreshold: 2 });
    expect(report).toMatchObject({ ok: true, findings: [], signedBy: [ours.hint, other.hint] });
  });

  it('is not met by two signatures by one key', async () => {
    const bundle = await appBundle();
    const signature = await signatureOf(bundle, ours);
    const signed = await withSignatures(bundle, signature, signature);
    const report = await validate(signed, { trustedKeys, signatureThreshold: 2 });
    expect(onlyFinding(report)).toMatchObject({
      code: 'SignatureMissing',
      expected: '2',
      actual: '1',
      message: expect.stringContaining('1 of 2') as string,
    });
    expect(report).toMatchObject({ ok: false, signed: false, signedBy: [ours.hint] });
  });

  it('is not met by two different ECDSA signatures by one key', async () => {
    const key = makeKey('ECDSA P-256');
    const signed = await Promise.all([1, 2].map(async () => await appBundle({ signers: [key.signer] })));
    const signatures = (await Promise.all(signed.map(signaturesIn))).flat();
    expect(signatures[0]).not.toEqual(signatures[1]);
    const bundle = await withSignatures(await appBundle(), ...signatures);
    const report = await validate(bundle, { trustedKeys: [ours.publicPem, key.publicPem], signatureThreshold: 2 });
    expect(report).toMatchObject({ ok: false, signedBy: [key.hint] });
    expect(describeSigners(report)).toBe(`signed by ${key.hint}, fewer than required: integrity, not authenticity`);
  });

  it('cannot be reached with one key in two spellings', async () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const der = publicKey.export({ type: 'spki', format: 'der' });
    const point = der.subarray(-64);
    const prefix = Buffer.from('3039301306072a8648ce3d020106082a8648ce3d030107032200', 'hex');
    const compressed = Buffer.concat([prefix, Buffer.from([2 + ((point[63] ?? 0) & 1)]), point.subarray(0, 32)]);
    const pem = `-----BEGIN PUBLIC KEY-----\n${compressed.toString('base64')}\n-----END PUBLIC KEY-----\n`;
    await expect(
      validate(await appBundle(), { trustedKeys: [publicKey, pem], signatureThreshold: 2 }),
    ).rejects.toMatchObject({
      argument: 'signatureThreshold',
      message: expect.stringContaining('1 different') as string,
    });
  });
});
