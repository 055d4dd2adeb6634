import type { FindingReport } from '../finding.js';
import { maxSignatures } from '../signing/signature-file.js';
import type { SignatureVerdict } from '../signing/signature-ledger.js';
import type { ValidationRule } from '../validation-rule.js';

/**
 * Checks that every signature is one of this bundle, and that enough trusted keys have signed.
 *
 * @remarks The signatures themselves are verified whatever the rules are; this rule reports what came of it.
 */
export const signaturesRule: ValidationRule = {
  id: 'signatures',
  onEnd({ settings, signatures: { verdicts, signedBy }, report }) {
    const { threshold, isRequired } = settings.signatures;
    const isMet = signedBy.length >= threshold;
    for (const verdict of verdicts) {
      const finding = describe(verdict, isMet);
      if (finding !== undefined) report(finding);
    }
    if (isMet || !isRequired) return;
    // With one key that has to sign, a signature that is there and does not count has been reported as such.
    if (verdicts.length > 0 && threshold === 1) return;
    const message =
      verdicts.length === 0
        ? 'the bundle has no signature'
        : `too few trusted keys have signed the bundle: ${signedBy.length} of ${threshold}`;
    report({ code: 'SignatureMissing', message, expected: String(threshold), actual: String(signedBy.length) });
  },
};

function describe({ path, status, hint, reason }: SignatureVerdict, isMet: boolean): FindingReport | undefined {
  const about = { path, actual: hint };
  switch (status) {
    case 'trusted':
      return undefined;
    case 'unchecked':
      return { code: 'SignatureUnchecked', message: `signature ${path} was not checked`, ...about };
    case 'untrusted': {
      const severity = isMet ? 'warning' : 'error';
      return { code: 'SignatureUntrusted', severity, message: `signature ${path} is by no trusted key`, ...about };
    }
    case 'invalid':
      return { code: 'SignatureInvalid', message: `signature ${path} is not valid: ${reason ?? ''}`, ...about };
    case 'too-large':
      return { code: 'LimitExceeded', message: `signature ${path} is too large to be read`, path };
    case 'too-many':
      return { code: 'LimitExceeded', message: `signature ${path} is one too many: ${maxSignatures} are read`, path };
  }
}
