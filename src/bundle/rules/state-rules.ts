import { entryPaths } from '../entry-paths.js';
import type { ValidationRule } from '../validation-rule.js';

/** Checks that the referrers of every subject were found out for certain when the bundle was made. */
export const discoveryRule: ValidationRule = {
  id: 'discovery',
  onRecord({ record, settings, report }) {
    for (const { subject, reference, discovery } of record.referrers.subjects) {
      if (discovery.complete) continue;
      report({
        code: 'DiscoveryIncomplete',
        severity: settings.checkReferrers ? 'error' : 'warning',
        message: `the referrers of a manifest could not be confirmed on ${discovery.host} at export`,
        subject,
        image: reference,
      });
    }
  },
};

/** Checks that the bundle has not expired. */
export const expiryRule: ValidationRule = {
  id: 'expiry',
  onRecord({ record, report }) {
    const { expiresAt } = record;
    if (expiresAt === undefined || Date.parse(expiresAt) > Date.now()) return;
    const message = `the bundle expired at ${expiresAt}`;
    report({ code: 'BundleExpired', path: entryPaths.record, message, expected: expiresAt });
  },
};

/** Checks that the bundle builds on the one that the caller has: an older one must not be played back as the next. */
export const previousRule: ValidationRule = {
  id: 'previous',
  onRecord({ record, settings, report }) {
    const { expectPrevious: expected } = settings;
    const actual = record.previousBundleId ?? 'none';
    if (expected === undefined || expected === actual) return;
    const message = 'the bundle does not build on the one that was expected';
    report({ code: 'BaseMismatch', path: entryPaths.record, message, expected, actual });
  },
};
