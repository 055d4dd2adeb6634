import { describe, expect, it } from 'vitest';
import { corpusFamilies } from '../../../scripts/corpus/corpus.js';
import { buildCorpusBase } from '../../../scripts/corpus/corpus-base.js';
import { formsOf } from '../../../scripts/corpus/forms.js';
import { codesOf, validate } from '../bundle-read/bundles.js';

const base = await buildCorpusBase();
const patienceMs = 5000;
const families = corpusFamilies
  .map(({ name, cases }) => ({ name, rows: cases(base).filter(({ inLayout }) => inLayout !== undefined) }))
  .filter(({ rows }) => rows.length > 0);

describe.each(families)('an image layout tampered with: $name', ({ rows }) => {
  const shown = rows.map((one) => [one.name, one.inLayout?.join(', ') || 'tolerated', one] as const);
  it.each(shown)('%s: %s', { timeout: 3 * patienceMs }, async (_name, _codes, one) => {
    for (const [form, bytes] of await formsOf(one, base)) {
      const started = performance.now();
      const report = await validate(bytes, { format: 'layout' });
      expect(performance.now() - started).toBeLessThan(patienceMs);
      expect([...codesOf(report)].sort(), form).toEqual(one.inLayout);
      expect(report.ok).toBe(one.inLayout?.length === 0);
    }
  });
});
