import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { BundleReader } from '../../../src/bundle/bundle-reader.js';
import { BundleWriter } from '../../../src/bundle/bundle-writer.js';
import { signaturePolicy } from '../../../src/bundle/signing/signature-policy.js';
import { statementOf } from '../../../src/bundle/signing/statement.js';
import { makeReport } from '../../../src/bundle/validation-report.js';
import { defaultValidationLimits } from '../../../src/bundle/validation-rule.js';
import { ValidationRun } from '../../../src/bundle/validation-run.js';
import { app, appBundle, bytesOf } from '../bundle-read/bundles.js';
import { appReference, MemorySource } from '../bundle-write/helpers.js';
import { makeKey, recordOf } from './keys.js';

it('a Statement names every root image once, by its first reference', async () => {
  const writer = new BundleWriter({ compression: 'none', createdAt: '2026-01-27T10:00:00Z' });
  const { descriptor } = app.image;
  for (const reference of [appReference, appReference.replace('1.2', '1.3')]) {
    writer.add({ source: new MemorySource(app.all), reference, descriptor });
  }
  const record = await recordOf(await bytesOf(writer));
  const previousBundleId = `sha256:${'a'.repeat(64)}`;
  const statement = statementOf({ ...record, previousBundleId, expiresAt: '2027-01-01T00:00:00Z' }).toString();
  const { subject, predicate } = JSON.parse(statement) as { subject: { name: string }[]; predicate: object };
  expect(subject.map(({ name }) => name)).toEqual(['bundle.json', appReference]);
  const { bundleId, createdAt } = record;
  expect(predicate).toEqual({ bundleId, previousBundleId, createdAt, expiresAt: '2027-01-01T00:00:00Z' });
});

it('a report without the signatures that are required is never ok, not even when no rule looks at them', async () => {
  const asked = { limits: defaultValidationLimits, strict: false, checkReferrers: false, requireReferrers: [] };
  const signatures = signaturePolicy({ trustedKeys: [makeKey().publicPem] });
  const run = new ValidationRun([], { ...asked, signatures });
  await using reader = new BundleReader(Readable.from([await appBundle()]));
  await run.read(reader, undefined);
  expect(makeReport(run, 'none')).toMatchObject({ ok: false, signed: false, findings: [] });
});
