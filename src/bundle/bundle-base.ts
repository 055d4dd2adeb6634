import type { AbortableOptions } from '../content/abort.js';
import { BundleError } from '../errors/index.js';
import { BundleReader } from './bundle-reader.js';
import type { BundleBase } from './record.js';
import { defaultRules } from './rules.js';
import { signaturePolicy } from './signing/signature-policy.js';
import { defaultValidationLimits } from './validation-rule.js';
import { ValidationRun } from './validation-run.js';

/**
 * Reads and validates the bundle a delta builds on: what a damaged one seems to hold must not be left out of the next.
 *
 * @remarks Every byte of it is checked, by every rule but the one of `expiresAt`: what was imported in time is there.
 * @throws {@link BundleError} `ERR_OCI_BUNDLE_INVALID` when it is not valid, `ERR_OCI_BUNDLE_SOURCE`
 */
export async function readBase(path: string, options: AbortableOptions = {}): Promise<BundleBase> {
  const rules = defaultRules.filter(({ id }) => id !== 'expiry');
  const asked = { strict: false, checkReferrers: false, requireReferrers: [], signatures: signaturePolicy({}) };
  const settings = { limits: defaultValidationLimits, ...asked };
  const run = new ValidationRun(rules, settings);
  await using reader = new BundleReader(path, options);
  await run.read(reader, options.signal);
  if (run.record !== undefined && run.errors === 0) return run.record;
  const first = run.findings.find(({ severity }) => severity === 'error');
  const detail = first === undefined ? 'it cannot be read' : `${first.code}: ${first.message}`;
  throw new BundleError('ERR_OCI_BUNDLE_INVALID', `the base ${JSON.stringify(path)} is not a valid bundle: ${detail}`, {
    path,
    hint: 'validate that file; give the bundle as it was exported, or write a bundle that builds on none',
  });
}
