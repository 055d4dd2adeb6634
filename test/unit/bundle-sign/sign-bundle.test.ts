import { readdir, readFile, writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { type ImportOptions, importBundle, signBundle } from '@stellaops/oci-referrers';
import { describe, expect, it } from 'vitest';
import { ImportValidator } from '../../../src/bundle/import-validator.js';
import { app, appBundle, onlyFinding } from '../bundle-read/bundles.js';
import { appReference, temporaryDirectory } from '../bundle-write/helpers.js';
import { makeKey, signatureOf } from './keys.js';

const key = makeKey();
const other = makeKey('ECDSA P-384');

async function bundleFile(bytes?: Buffer): Promise<{ path: string; directory: string }> {
  const directory = await temporaryDirectory();
  const path = `${directory}/app.tar`;
  await writeFile(path, bytes ?? (await appBundle()));
  return { path, directory };
}

describe('a signature beside a bundle', () => {
  it('is written without touching the bundle, and counts as one in it does', async () => {
    const { path, directory } = await bundleFile();
    const before = await readFile(path);
    const report = await signBundle(path, key.signer);
    expect(report).toMatchObject({
      path: `${path}.sigstore.json`,
      signedBy: key.hint,
      images: [{ reference: appReference, digest: app.image.descriptor.digest }],
    });
    expect(await readdir(directory)).toEqual(['app.tar', 'app.tar.sigstore.json']);
    expect(await readFile(path)).toEqual(before);
    expect(await readFile(report.path)).toEqual(await signatureOf(before, key));
    const validator = new ImportValidator({ trustedKeys: [key.publicPem] });
    const signatures = [report.path];
    expect(await validator.validate(path, { signatures })).toMatchObject({ ok: true, signedBy: [key.hint] });
    expect(await validator.validate(path, { signatures: [await readFile(report.path)] })).toMatchObject({ ok: true });
    expect(onlyFinding(await validator.validate(path))?.code).toBe('SignatureMissing');
  });

  it('adds to those in the bundle: two keys, two places, one threshold', async () => {
    const { path } = await bundleFile(await appBundle({ signers: [other.signer] }));
    const { path: signature } = await signBundle(path, key.signer);
    const validator = new ImportValidator({ trustedKeys: [key.publicPem, other.publicPem], signatureThreshold: 2 });
    const report = await validator.validate(path, { signatures: [signature] });
    expect(report).toMatchObject({ ok: true, findings: [], signedBy: [key.hint, other.hint] });
  });

  it('of another bundle is refused, also by who has no key', async () => {
    const { path } = await bundleFile();
    const signature = await signatureOf(await appBundle({ createdAt: '2026-01-01T00:00:00Z' }), key);
    const report = await new ImportValidator().validate(path, { signatures: [signature] });
    expect(onlyFinding(report)).toMatchObject({ code: 'SignatureInvalid', path: 'signatures[0]' });
  });

  it('that cannot be read is an error, not a signature that is missing', async () => {
    const { path, directory } = await bundleFile();
    const validator = new ImportValidator({ trustedKeys: [key.publicPem], requireSignature: false });
    for (const signature of [`${directory}/gone.sigstore.json`, directory]) {
      await expect(validator.validate(path, { signatures: [signature] })).rejects.toMatchObject({
        code: 'ERR_OCI_BUNDLE_SOURCE',
        path: signature,
      });
    }
  });

  it('can be given together with the bundle that this one builds on', async () => {
    const { path } = await bundleFile();
    const { path: signature } = await signBundle(path, key.signer);
    const validator = new ImportValidator({ trustedKeys: [key.publicPem], base: path });
    const report = await validator.validate(path, { signatures: [signature] });
    expect(report.signed).toBe(true);
  });
});

describe('signing a bundle', () => {
  it('that is not valid writes nothing, and says what is wrong with it', async () => {
    const bytes = await appBundle();
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1100) ^ 1, bytes.length - 1100);
    const { path, directory } = await bundleFile(bytes);
    await expect(signBundle(path, key.signer)).rejects.toMatchObject({
      name: 'BundleValidationError',
      code: 'ERR_OCI_BUNDLE_INVALID',
      hint: expect.stringContaining('nothing was signed') as string,
      report: { ok: false },
    });
    expect(await readdir(directory)).toEqual(['app.tar']);
  });

  it('does not replace a signature unless it is told to', async () => {
    const { path } = await bundleFile();
    const output = `${path}.sigstore.json`;
    await writeFile(output, 'mine');
    await expect(signBundle(path, key.signer)).rejects.toMatchObject({ code: 'ERR_OCI_BUNDLE_OUTPUT' });
    expect(await readFile(output, 'utf8')).toBe('mine');
    await signBundle(path, key.signer, { force: true });
    expect(await readFile(output)).toEqual(await signatureOf(await readFile(path), key));
  });

  it('refuses options it does not have, and a signer that is none', async () => {
    const { path } = await bundleFile();
    await expect(signBundle(path, key.signer, { overwrite: true } as object)).rejects.toMatchObject({
      code: 'ERR_OCI_INVALID_OPTION',
      argument: 'overwrite',
    });
    await expect(signBundle(path, { publicKey: key.publicPem } as never)).rejects.toMatchObject({ argument: 'signer' });
  });

  it('ends with the reason of its signal, and leaves nothing', async () => {
    const { path, directory } = await bundleFile();
    const stop = new AbortController();
    const signer = {
      publicKey: key.publicPem,
      sign: (): never => {
        stop.abort(new Error('enough'));
        throw new Error('the token was taken out');
      },
    };
    await expect(signBundle(path, signer, { signal: stop.signal })).rejects.toThrow('enough');
    expect(await readdir(directory)).toEqual(['app.tar']);
  });

  it('waits for a signer that never answers until its signal fires, and no longer', async () => {
    const { path } = await bundleFile();
    const stop = new AbortController();
    const neverAnswers = (): Promise<Uint8Array> => {
      stop.abort(new Error('enough'));
      return new Promise(() => undefined);
    };
    const signer = { publicKey: key.publicPem, sign: neverAnswers };
    await expect(signBundle(path, signer, { signal: stop.signal })).rejects.toThrow('enough');
  });
});

describe('an import with trusted keys', () => {
  /** A resolver that nobody may ask for anything. */
  const resolver = {} as ImportOptions['resolver'];
  const to = 'registry.airgap.example';

  it('asks no registry for anything before the signature was verified', async () => {
    const { path } = await bundleFile(await appBundle({ signers: [other.signer] }));
    const wanted = { resolver, to, trustedKeys: [key.publicPem] };
    for (const source of [path, Readable.from([await readFile(path)])]) {
      await expect(importBundle(source, wanted)).rejects.toMatchObject({
        code: 'ERR_OCI_BUNDLE_INVALID',
        report: { findings: [{ code: 'SignatureUntrusted' }] },
      });
    }
    // With the right key it gets as far as the resolver, which is none.
    await expect(importBundle(path, { ...wanted, trustedKeys: [other.publicPem] })).rejects.toThrow(TypeError);
  });

  it('takes signatures from beside the bundle, a threshold and the bundle before', async () => {
    const { path } = await bundleFile();
    const { path: signature } = await signBundle(path, key.signer);
    const wanted = { resolver, to, trustedKeys: [key.publicPem, other.publicPem], signatures: [signature] };
    await expect(importBundle(path, wanted)).rejects.toThrow(TypeError);
    const code = async (options: object): Promise<unknown> =>
      await importBundle(path, { ...wanted, ...options }).catch((error: unknown) => {
        return (error as { report?: { findings: object[] } }).report?.findings;
      });
    expect(await code({ signatureThreshold: 2 })).toMatchObject([{ code: 'SignatureMissing' }]);
    expect(await code({ expectPrevious: `sha256:${'0'.repeat(64)}` })).toMatchObject([{ code: 'BaseMismatch' }]);
    expect(await code({ signatures: [] })).toMatchObject([{ code: 'SignatureMissing' }]);
  });

  it('names an option that cannot work before the file is opened', async () => {
    for (const [options, argument] of [
      [{ trustedKeys: [] }, 'trustedKeys'],
      [{ requireSignature: true }, 'requireSignature'],
      [{ trustedKeys: [key.publicPem], signatureThreshold: 2 }, 'signatureThreshold'],
      [{ signatures: [1] }, 'signatures.0'],
      [{ expectPrevious: 'x' }, 'expectPrevious'],
    ] as const) {
      await expect(importBundle('gone.tgz', { resolver, to, ...(options as object) })).rejects.toMatchObject({
        code: 'ERR_OCI_INVALID_OPTION',
        argument,
      });
    }
  });
});
