import { Readable } from 'node:stream';
import { expect, it, test } from 'vitest';
import { ImportValidator, type ImportValidatorOptions } from '../../../src/bundle/import-validator.js';
import { defaultRules } from '../../../src/bundle/rules.js';
import { appBundle } from './bundles.js';

test.each<[string, object]>([
  ['typo', { typo: 1 }],
  ['strict', { strict: 'no' }],
  ['rules', { rules: 'all' }],
  ['rules.0', { rules: [{}] }],
  ['limits.typo', { limits: { typo: 1 } }],
  ['limits.maxEntries', { limits: { maxEntries: 0 } }],
  ['limits.maxFindings', { limits: { maxFindings: Number.POSITIVE_INFINITY } }],
  ['requireReferrers.0.min', { requireReferrers: [{ artifactType: 'a/b', min: 0 }] }],
  ['requireReferrers', { requireReferrers: [1, 2].map((min) => ({ artifactType: 'a/b', min })) }],
  [
    'requireReferrers',
    { requireReferrers: Array.from({ length: 65 }, (_, n) => ({ artifactType: `a/${n}`, min: 1 })) },
  ],
])('a validator refuses the option %s when it cannot work', (argument, options) => {
  expect(() => new ImportValidator(options)).toThrow(
    expect.objectContaining({ code: 'ERR_OCI_INVALID_OPTION', argument }),
  );
});

test.each<[string, string, ImportValidatorOptions]>([
  ['requireReferrers', 'required-referrers', { requireReferrers: [{ artifactType: 'a/b', min: 1 }] }],
  ['checkReferrers', 'discovery', { checkReferrers: true }],
  ['base', 'external', { base: 'base.tgz' }],
  ['expectPrevious', 'previous', { expectPrevious: `sha256:${'0'.repeat(64)}` }],
])('what %s asks for is not left out by a list of rules without %s', (option, id, asked) => {
  const rules = defaultRules.filter((rule) => rule.id !== id);
  expect(() => new ImportValidator({ rules, ...asked })).toThrow(
    expect.objectContaining({ code: 'ERR_OCI_INVALID_OPTION', message: expect.stringContaining(option) as string }),
  );
  expect(() => new ImportValidator({ ...asked })).not.toThrow();
});

it('takes an option that is undefined for one that was left out', async () => {
  const validator = new ImportValidator({ strict: undefined, limits: { maxEntries: undefined as never } });
  const bundle = await appBundle();
  expect((await validator.validate(Readable.from([bundle]))).findings).toEqual([]);
  await expect(validator.validate(Readable.from([bundle]), { strict: true } as object)).rejects.toMatchObject({
    code: 'ERR_OCI_INVALID_OPTION',
    argument: 'strict',
  });
});
