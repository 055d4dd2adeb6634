import { describeOwner } from '../bundle-owners.js';
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

/** Names content that the bundle leaves out and that the other side must have. */
export const externalRule: ValidationRule = {
  id: 'external',
  onEnd({ record, ownerOf, report }) {
    for (const { digest, size, reason } of record.external) {
      const owner = ownerOf(digest);
      const message = `${size} bytes of ${describeOwner(owner)} are not in the bundle on purpose: ${reason}`;
      report({ code: 'ExternalBlob', message, digest, subject: owner?.subject, image: owner?.image });
    }
  },
};

/** Says of every signature that it was not checked. */
export const signaturesRule: ValidationRule = {
  id: 'signatures',
  onEntry({ report }, { kind, path }) {
    if (kind !== 'signature') return;
    report({ code: 'SignatureUnchecked', path, message: `signature ${path} was not checked` });
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
