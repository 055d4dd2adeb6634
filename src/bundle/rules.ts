import { derivedFilesRule } from './rules/derived-files-rule.js';
import { entriesRule } from './rules/entries-rule.js';
import { externalRule } from './rules/external-rule.js';
import { graphRule } from './rules/graph-rule.js';
import { imagesRule } from './rules/images-rule.js';
import { listsRule } from './rules/lists-rule.js';
import { manifestsRule } from './rules/manifests-rule.js';
import { recordRule } from './rules/record-rule.js';
import { referrersRule } from './rules/referrers-rule.js';
import { requiredRule } from './rules/required-rule.js';
import { signaturesRule } from './rules/signatures-rule.js';
import { discoveryRule, expiryRule, previousRule } from './rules/state-rules.js';
import type { ValidationRule } from './validation-rule.js';

/**
 * What a bundle is checked for unless the caller says otherwise, in the order in which findings are reported.
 *
 * @remarks The archive around the entries is checked whatever the rules are. A rule that is left out is not made up for
 * by another one: without `entries`, for instance, no digest is compared. A validator that is given trusted keys, a base,
 * the id of a previous bundle, required referrers or `checkReferrers` does not take a list without the rule for it.
 * @example
 * ```ts
 * import { defaultRules, ImportValidator, type ValidationRule } from '@stellaops/oci-referrers';
 *
 * const onlyOurs: ValidationRule = {
 *   id: 'only-ours',
 *   onRecord({ record, report }) {
 *     for (const { reference } of record.images) {
 *       if (reference.startsWith('registry.example.com/')) continue;
 *       report({ code: 'EntryUnexpected', message: `${reference} is not ours`, image: reference });
 *     }
 *   },
 * };
 * const validator = new ImportValidator({ rules: [...defaultRules, onlyOurs] });
 * ```
 */
export const defaultRules: readonly ValidationRule[] = [
  recordRule,
  expiryRule,
  previousRule,
  derivedFilesRule,
  signaturesRule,
  entriesRule,
  manifestsRule,
  imagesRule,
  referrersRule,
  listsRule,
  graphRule,
  requiredRule,
  discoveryRule,
  externalRule,
];
