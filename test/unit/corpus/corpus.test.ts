import { describe, expect, it } from 'vitest';
import { corpusCases, corpusFamilies } from '../../../scripts/corpus/corpus.js';
import { buildCorpusBase } from '../../../scripts/corpus/corpus-base.js';
import { forgeries } from '../../../scripts/corpus/forgeries.js';
import { formsOf } from '../../../scripts/corpus/forms.js';
import { formatReport } from '../../../src/bundle/format-report.js';
import type { ValidationReport } from '../../../src/bundle/validation-report.js';
import { codesOf, validate } from '../bundle-read/bundles.js';
import { makeKey, signatureOf, withSignatures } from '../bundle-sign/keys.js';

const base = await buildCorpusBase();
/** Families that change what entries say, or which there are: the archive around them is the same in every packing. */
const aboutContent = ['record-fields', 'record-text', 'entries', 'derived', 'manifests'];
/** How long any file may keep a validator busy, in milliseconds. */
const patienceMs = 5000;

/** Validates a file; one that never settles, or takes too long, fails the test. */
async function settled(bytes: Buffer): Promise<ValidationReport> {
  const started = performance.now();
  const report = await validate(bytes);
  expect(performance.now() - started).toBeLessThan(patienceMs);
  return report;
}

it('the bundle of the corpus is valid, and each of its cases has a name of its own', async () => {
  expect((await settled(base.tar)).findings).toEqual([]);
  const names = corpusCases(base).map(({ family, name }) => `${family} ${name}`);
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
});

describe.each(corpusFamilies)('a bundle tampered with: $name', ({ name: family, cases }) => {
  const rows = cases(base).map((one, at) => {
    const turn = aboutContent.includes(family) ? at : undefined;
    return [one.name, one.codes.join(', ') || 'nothing to be told', one, turn] as const;
  });
  it.each(rows)('%s: %s', { timeout: 3 * patienceMs }, async (_name, _codes, one, turn) => {
    for (const [form, bytes] of await formsOf(one, base, turn)) {
      const report = await settled(bytes);
      expect([...codesOf(report)].sort(), form).toEqual(one.codes);
      // Without a signature nobody can promise more than that the bundle agrees with itself.
      expect(report.signed).toBe(false);
      expect(formatReport(report)).toMatch(/^(?:unsigned|not signed by a trusted key): integrity, not authenticity$/m);
    }
  });
});

describe('a signed bundle that was rewritten as a whole', () => {
  const key = makeKey();
  it.each(forgeries.cases(base).map((one) => [one.name, one] as const))(
    'is told by its signature: %s',
    async (_name, one) => {
      const signed = await withSignatures(base.tar, await signatureOf(base.tar, key));
      const options = { trustedKeys: [key.publicPem] };
      expect(await validate(signed, options)).toMatchObject({ ok: true, signed: true, findings: [] });
      const report = await validate(await one.build({ ...base, tar: signed }), options);
      expect(report).toMatchObject({ ok: false, signed: false });
      expect(codesOf(report)).toEqual(['SignatureInvalid']);
    },
  );
});
