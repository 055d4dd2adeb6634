import { createPublicKey, sign, verify } from 'node:crypto';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { beforeAll, describe, expect, it, test } from 'vitest';
import { ImportValidator } from '../../../src/bundle/import-validator.js';
import { preAuthEncoding } from '../../../src/bundle/signing/pae.js';
import { emitSignatureFile, parseSignatureFile } from '../../../src/bundle/signing/signature-file.js';
import { isOciError } from '../../../src/errors/index.js';
import { appBundle, onlyFinding, validate } from '../bundle-read/bundles.js';
import { makeKey, signatureOf, withSignatures } from './keys.js';

const key = makeKey();
const base64 = (max: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength: 1, maxLength: max }).map((bytes) => Buffer.from(bytes));

test('what is signed is the pre-authentication encoding that DSSE shows, and its example verifies', () => {
  const bytes = preAuthEncoding(Buffer.from('hello world'), 'http://example.com/HelloWorld');
  expect(bytes.toString()).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world');
  expect(preAuthEncoding(Buffer.from('☃'), '☃').toString()).toBe('DSSEv1 3 ☃ 3 ☃');
  const number = (text: string): string =>
    Buffer.from(BigInt(text).toString(16).padStart(64, '0'), 'hex').toString('base64url');
  const published = createPublicKey({
    format: 'jwk',
    key: {
      kty: 'EC',
      crv: 'P-256',
      x: number('46950820868899156662930047687818585632848591499744589407958293238635476079160'),
      y: number('5640078356564379163099075877009565129882514886557779369047442380624545832820'),
    },
  });
  const signature = 'A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA==';
  const how = { key: published, dsaEncoding: 'ieee-p1363' } as const;
  expect(verify('sha256', bytes, how, Buffer.from(signature, 'base64'))).toBe(true);
});

describe('a signature file', () => {
  it('is read as it was written, whatever is in it', () => {
    fc.assert(
      fc.property(base64(300), base64(600), (payload, signature) => {
        const file = { hint: key.hint, payload, signature };
        expect(parseSignatureFile(emitSignatureFile(file))).toEqual(file);
      }),
    );
  });

  it('is read, or refused with a typed error, whatever the bytes', () => {
    const real = emitSignatureFile({ hint: key.hint, payload: Buffer.from('{}'), signature: Buffer.alloc(64, 7) });
    const changed = fc.tuple(fc.nat(real.length), fc.nat(3), fc.uint8Array({ maxLength: 3 })).map(([at, drop, put]) => {
      return Buffer.concat([real.subarray(0, at), put, real.subarray(at + drop)]);
    });
    const anything = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
    const json = fc.json().map((text) => Buffer.from(text));
    fc.assert(
      fc.property(fc.oneof(changed, anything, json), (bytes) => {
        try {
          // Whatever is read has been in the one form that says it.
          expect(emitSignatureFile(parseSignatureFile(bytes)).equals(bytes)).toBe(true);
        } catch (error) {
          if (!isOciError(error)) throw error;
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('a signature file with a million values', () => {
  const many = `[${'[],'.repeat(1_000_000)}[]]`;
  const hint = Buffer.alloc(32).toString('base64');

  it('is refused before it is parsed', () => {
    expect(() => parseSignatureFile(Buffer.from(many))).toThrow('not in its canonical form');
  });

  it('is said to sign no Statement where they are in what it signs', async () => {
    const file = emitSignatureFile({ hint, payload: Buffer.from(many), signature: Buffer.alloc(64) });
    const report = await new ImportValidator().validate(Readable.from([await appBundle()]), { signatures: [file] });
    expect(onlyFinding(report)).toMatchObject({ code: 'SignatureInvalid' });
    expect(onlyFinding(report)?.message).toContain('no Statement');
  });
});

describe('a signature that verifies, in another form,', () => {
  let bundle: Buffer;
  let good: string;
  beforeAll(async () => {
    bundle = await appBundle();
    good = (await signatureOf(bundle, key)).toString();
  });
  const file = (): { verificationMaterial: object; dsseEnvelope: { payload: string; signatures: [{ sig: string }] } } =>
    JSON.parse(good) as ReturnType<typeof file>;
  const written = (value: object): string => `${JSON.stringify(value)}\n`;
  const sig = (change: (sig: string) => string): string => {
    const { sig: text } = file().dsseEnvelope.signatures[0];
    return good.replace(text, change(text));
  };
  const material = (value: object): string => written({ ...file(), verificationMaterial: value });
  const signatures = (change: (one: object) => readonly object[]): string => {
    const { dsseEnvelope, ...rest } = file();
    return written({
      ...rest,
      dsseEnvelope: { ...dsseEnvelope, signatures: change(dsseEnvelope.signatures[0]) },
    });
  };

  it('is taken when it is in ours: that much of this table is right', async () => {
    expect(written(file())).toBe(good);
    const report = await validate(await withSignatures(bundle, good), { trustedKeys: [key.publicPem] });
    expect(report).toMatchObject({ ok: true, findings: [] });
  });

  it.each<[string, () => string]>([
    ['base64 without padding', () => sig((text) => text.replace(/=+$/, ''))],
    ['base64 for URLs', () => sig((text) => text.replace(/^./, '_'))],
    ['base64 with bits to spare', () => sig((text) => text.replace(/(.)==$/, (_, last: string) => `${next(last)}==`))],
    ['base64 with white space', () => sig((text) => `${text.slice(0, 8)} ${text.slice(8)}`)],
    ['no newline at the end', () => good.trimEnd()],
    ['a second newline', () => `${good}\n`],
    ['indentation', () => `${JSON.stringify(JSON.parse(good), null, 2)}\n`],
    ['an escaped character', () => good.replace('"mediaType"', '"\\u006dediaType"')],
    ['a member twice', () => good.replace('{', '{"mediaType":"x",')],
    ['one more member', () => written({ ...file(), extra: 1 })],
    ['members in another order', () => written(Object.fromEntries(Object.entries(file()).reverse()))],
    ['a keyid', () => signatures((one) => [{ ...one, keyid: key.hint }])],
    ['no signature in its envelope', () => signatures(() => [])],
    ['two signatures in its envelope', () => signatures((one) => [one, one])],
    ['a certificate in place of the key', () => material({ certificate: { rawBytes: 'AAAA' } })],
    [
      'a certificate beside the key',
      () => material({ publicKey: { hint: key.hint }, certificate: { rawBytes: 'AAAA' } }),
    ],
    ['a hint that is no hash', () => material({ publicKey: { hint: 'my key' } })],
    ['another version of the format', () => good.replace('bundle.v0.3+json', 'bundle.v0.4+json')],
    ['another type of payload', () => good.replace('in-toto+json', 'in-toto')],
    ['nothing at all', () => ''],
    ['nesting without end', () => '['.repeat(100_000)],
  ])('is refused for %s', async (_name, make) => {
    const signed = await withSignatures(bundle, make());
    for (const options of [{ trustedKeys: [key.publicPem] }, {}]) {
      const report = await validate(signed, options);
      expect(onlyFinding(report)).toMatchObject({
        code: 'SignatureInvalid',
        severity: 'error',
        path: 'signatures/00.sigstore.json',
      });
      expect(report).toMatchObject({ ok: false, signed: false });
    }
  });

  it('is refused when it is of the payload alone, without its type', async () => {
    const { payload } = parseSignatureFile(Buffer.from(good));
    const bare = emitSignatureFile({ hint: key.hint, payload, signature: sign(null, payload, key.privateKey) });
    const report = await validate(await withSignatures(bundle, bare), { trustedKeys: [key.publicPem] });
    expect(onlyFinding(report)).toMatchObject({ code: 'SignatureInvalid', actual: key.hint });
  });
});

/** The character after another one in the alphabet of base64: it differs in the last bits, which padding leaves unused. */
function next(char: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  return alphabet.charAt(alphabet.indexOf(char) ^ 1);
}
