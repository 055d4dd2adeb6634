import { writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { buildArtifact } from '@stellaops/oci-referrers/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { blobPath, referrerPath } from '../../../src/bundle/entry-paths.js';
import { ImportValidator } from '../../../src/bundle/import-validator.js';
import { statementOf } from '../../../src/bundle/signing/statement.js';
import { app, appBundle, codesOf, onlyFinding, rebuilt, replace, validate } from '../bundle-read/bundles.js';
import { type Forgery, forged, listOf, put } from '../bundle-read/forge.js';
import { appReference, sbomType, temporaryDirectory } from '../bundle-write/helpers.js';
import { makeKey, recordOf, signatureFile, signatureOf, signaturesIn, withSignatures } from './keys.js';

const key = makeKey();
const trusting = { trustedKeys: [key.publicPem] };
const subject = app.image.descriptor.digest;

let bundle: Buffer;
let signature: Buffer;
beforeAll(async () => {
  bundle = await appBundle({ layoutReferrers: 'untagged', signers: [key.signer] });
  signature = (await signaturesIn(bundle))[0] ?? Buffer.alloc(0);
});

describe('a bundle that was rewritten consistently, with the signature it had,', () => {
  const attack = async (edit: (forgery: Forgery) => unknown): Promise<void> => {
    const fake = await withSignatures(await forged(bundle, edit), signature);
    expect((await validate(await withSignatures(fake))).findings).toEqual([]);
    const report = await validate(fake, trusting);
    expect(onlyFinding(report)).toMatchObject({
      code: 'SignatureInvalid',
      path: 'signatures/00.sigstore.json',
      message: expect.stringContaining('it signs another bundle') as string,
    });
    expect(report).toMatchObject({ ok: false, signed: false });
    // Nobody has to have a key to see that a signature belongs to another bundle.
    expect(codesOf(await validate(fake))).toEqual(['SignatureInvalid']);
  };

  it('is found out when a referrer was dropped', async () => {
    await attack(({ record, contents }) => {
      const kept = [app.image.descriptor, ...app.image.blobs.map(({ descriptor }) => descriptor)];
      const paths = new Set(kept.map(({ digest }) => blobPath(digest)));
      for (const path of [...contents.keys()]) if (!paths.has(path)) contents.delete(path);
      const [list] = record.referrers.subjects.filter((one) => one.subject === subject);
      if (list === undefined) throw new Error('the fixture has no list');
      list.artifacts = [];
      Object.assign(list.discovery, { found: 0, included: 0 });
      record.referrers.subjects = [list];
    });
  });

  it('is found out when a referrer was injected', async () => {
    const content = '{"bomFormat":"CycloneDX","components":[]}';
    const injected = buildArtifact({ artifactType: sbomType, subject: app.image.descriptor, content });
    await attack((forgery) => {
      const { digest, mediaType, size } = injected.descriptor;
      for (const { bytes } of injected.blobs) put(forgery, Buffer.from(bytes));
      const manifest = Buffer.from(injected.manifest);
      put(forgery, manifest, mediaType);
      const path = referrerPath(subject, digest);
      forgery.contents.set(path, manifest);
      forgery.mediaTypes.set(path, mediaType);
      const list = listOf(forgery, subject);
      const artifact = { digest, artifactType: sbomType, mediaType, size, path, sha256: digest.slice(7) };
      list.artifacts.push({ ...artifact, category: 'sbom' });
      list.artifacts.sort((a, b) => (a.digest < b.digest ? -1 : 1));
      Object.assign(list.discovery, { found: 2, included: 2 });
      const { reference, discovery } = list;
      const none = { ...discovery, found: 0, included: 0, filtered: 0 };
      forgery.record.referrers.subjects.push({ subject: digest, reference, discovery: none, artifacts: [] });
      forgery.record.referrers.subjects.sort((a, b) => (a.subject < b.subject ? -1 : 1));
    });
  });

  it('is found out when another image was put under the name', async () => {
    await attack(({ record }) => {
      for (const one of [...record.images, ...record.referrers.subjects]) {
        one.reference = 'registry.example.com/team/app:latest';
      }
    });
  });

  it('is found out when only the time it expires at was changed', async () => {
    await attack(({ record }) => {
      record.expiresAt = '2100-01-01T00:00:00Z';
    });
  });
});

describe('a signature by a trusted key', () => {
  it('does not count when it is another Statement about the image', async () => {
    const provenance = { _type: 'https://in-toto.io/Statement/v1', predicateType: 'https://slsa.dev/provenance/v1' };
    const about = { subject: [{ name: appReference, digest: { sha256: subject.slice(7) } }], predicate: {} };
    const other = signatureFile(Buffer.from(JSON.stringify({ ...provenance, ...about })), key);
    expect(onlyFinding(await validate(await withSignatures(bundle, other), trusting))).toMatchObject({
      code: 'SignatureInvalid',
      message: expect.stringContaining('another type (https://slsa.dev/provenance/v1)') as string,
    });
  });

  it('does not count when its Statement names this bundle.json under another type, or is spelt otherwise', async () => {
    const statement = statementOf(await recordOf(bundle)).toString();
    for (const payload of [
      statement.replace('oci-referrers/bundle/v1', 'oci-referrers/bundle/v2'),
      `${statement} `,
      statement.replace('"name":"bundle.json"', '"name":"bundle.json","uri":"x"'),
      statement.replace(/\{"name":"bundle.json".*?\}\},/, ''),
      '\u001b[2Jnot even JSON',
    ]) {
      const report = await validate(await withSignatures(bundle, signatureFile(Buffer.from(payload), key)), trusting);
      expect(onlyFinding(report)?.code).toBe('SignatureInvalid');
    }
  });

  it('does not cover what is wrong with the files the record names', async () => {
    const path = referrerPath(subject, app.sbom.descriptor.digest);
    const report = await validate(
      await rebuilt(
        bundle,
        replace(path, (bytes) => `${bytes.toString()} `),
      ),
      trusting,
    );
    expect(report).toMatchObject({ ok: false, signed: true });
    expect(codesOf(report)).toContain('ReferrerSizeMismatch');
  });

  it('does not count when its bytes were changed: it names the key and does not verify', async () => {
    const file = JSON.parse(signature.toString()) as { dsseEnvelope: { signatures: [{ sig: string }] } };
    const bytes = Buffer.from(file.dsseEnvelope.signatures[0].sig, 'base64');
    bytes.writeUInt8(bytes.readUInt8(10) ^ 1, 10);
    const changed = signature.toString().replace(file.dsseEnvelope.signatures[0].sig, bytes.toString('base64'));
    const report = await validate(await withSignatures(bundle, changed), trusting);
    expect(onlyFinding(report)).toMatchObject({ code: 'SignatureInvalid', actual: key.hint });
    expect(codesOf(await validate(await withSignatures(bundle, changed, signature), trusting))).toEqual([
      'SignatureInvalid',
    ]);
  });

  it('is not valid where its hint was changed: a hint lets nobody through, and a changed byte is found', async () => {
    const stranger = makeKey();
    const renamed = signature.toString().replace(key.hint, stranger.hint);
    const report = await validate(await withSignatures(bundle, renamed), trusting);
    expect(onlyFinding(report)).toMatchObject({ code: 'SignatureInvalid', actual: stranger.hint });
    expect(report).toMatchObject({ ok: false, signed: false });
    const lying = (await signatureOf(bundle, { ...stranger, hint: key.hint })).toString();
    expect(onlyFinding(await validate(await withSignatures(bundle, lying), trusting))?.code).toBe('SignatureInvalid');
  });
});

describe('an older bundle that is played back', () => {
  const previous = `sha256:${'a'.repeat(64)}`;
  it('is refused where another one has to come before it, although it is signed', async () => {
    const report = await validate(bundle, { ...trusting, expectPrevious: previous });
    expect(onlyFinding(report)).toMatchObject({ code: 'BaseMismatch', expected: previous, actual: 'none' });
    expect(report.ok).toBe(false);
    const next = await forged(bundle, ({ record }) => {
      record.previousBundleId = previous;
    });
    const signed = await withSignatures(next, await signatureOf(next, key));
    expect(await validate(signed, { ...trusting, expectPrevious: previous })).toMatchObject({ ok: true, signed: true });
    const other = await validate(signed, { ...trusting, expectPrevious: previous.replace('aa', 'bb') });
    expect(onlyFinding(other)).toMatchObject({ code: 'BaseMismatch', actual: previous });
  });

  it('is refused once it has expired, and the time is part of what is signed', async () => {
    const old = await appBundle({ signers: [key.signer], expiresAt: '2020-01-01T00:00:00Z' });
    expect(codesOf(await validate(old, trusting))).toEqual(['BundleExpired']);
    expect(statementOf(await recordOf(old)).toString()).toContain('"expiresAt":"2020-01-01T00:00:00Z"');
  });
});

describe('too much', () => {
  it('in one signature file is not read, in the bundle or beside it', async () => {
    const limits = { maxManifestBytes: 4096 };
    const large = Buffer.alloc(4097, 0x20);
    const report = await validate(await withSignatures(bundle, large), { ...trusting, limits });
    expect(onlyFinding(report)).toMatchObject({ code: 'LimitExceeded', path: 'signatures/00.sigstore.json' });
    expect(report.ok).toBe(false);
    const validator = new ImportValidator({ ...trusting, limits });
    const unsigned = await withSignatures(bundle);
    const beside = await validator.validate(Readable.from([unsigned]), { signatures: [large] });
    expect(onlyFinding(beside)).toMatchObject({ code: 'LimitExceeded', path: 'signatures[0]' });
    const path = `${await temporaryDirectory()}/large.sigstore.json`;
    await writeFile(path, large);
    await expect(validator.validate(Readable.from([unsigned]), { signatures: [path] })).rejects.toMatchObject({
      code: 'ERR_OCI_BUNDLE_SOURCE',
      path,
    });
  });

  it('of signatures is an error: 16 count, in the bundle and beside it together', async () => {
    const strangers = await Promise.all(Array.from({ length: 16 }, () => signatureOf(bundle, makeKey())));
    const full = await withSignatures(bundle, ...strangers.slice(0, 15), signature);
    expect(await validate(full, trusting)).toMatchObject({ ok: true, signed: true });
    const validator = new ImportValidator(trusting);
    const more = await validator.validate(Readable.from([full]), { signatures: [signature] });
    expect(more.findings.filter(({ severity }) => severity === 'error')).toMatchObject([{ code: 'LimitExceeded' }]);
    const crowded = await withSignatures(bundle, ...strangers, signature);
    expect(codesOf(await validate(crowded, trusting))).toContain('EntryUnsafe');
    await expect(
      validator.validate(Readable.from([bundle]), { signatures: [...strangers, signature] }),
    ).rejects.toMatchObject({ code: 'ERR_OCI_INVALID_OPTION', argument: 'signatures' });
  });

  it('of trusted keys and signatures is still checked in a moment', async () => {
    const keys = Array.from({ length: 16 }, () => makeKey('ECDSA P-384').publicPem);
    const strangers = await Promise.all(Array.from({ length: 16 }, () => signatureOf(bundle, makeKey())));
    const started = performance.now();
    await validate(await withSignatures(bundle, ...strangers), { trustedKeys: keys });
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
