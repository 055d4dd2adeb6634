import { digestOf, parseDigest } from '../../oci/digest.js';
import { escapeText } from '../../oci/escape.js';
import { parseStrictJson } from '../../oci/strict-json.js';
import { ValueBudget } from '../../oci/value-budget.js';
import { type CanonicalValue, canonicalJson } from '../canonical-json.js';
import { canonicalRecord } from '../canonical-record.js';
import { entryPaths } from '../entry-paths.js';
import type { BundleRecord } from '../record.js';

/**
 * Says what a signature of a bundle states: "this is the record of a bundle".
 *
 * @remarks It is nobody else's type. A Statement of another type by the same key, such as the provenance of the image, says
 * nothing about a bundle and is never taken for its signature.
 */
export const bundlePredicateType = 'https://stella-ops.org/oci-referrers/bundle/v1';

const notStatement = 'it signs something that is no Statement';
const statementType = 'https://in-toto.io/Statement/v1';

/**
 * Makes the in-toto Statement of a bundle: its `bundle.json`, then every root image once, in the order of the record.
 *
 * @remarks It follows from the record alone. A verifier makes it anew and compares bytes, so that it never has to read a
 * Statement before it knows who made it.
 * @param recordDigest - sha256 digest of the bytes of `bundle.json`; those of the record's canonical form when absent
 */
export function statementOf(record: BundleRecord, recordDigest: string = digestOf(canonicalRecord(record))): Buffer {
  const { bundleId, previousBundleId, createdAt, expiresAt, images } = record;
  const roots = new Map<string, string>();
  for (const { digest, reference } of images) if (!roots.has(digest)) roots.set(digest, reference);
  const statement = {
    _type: statementType,
    subject: [
      subjectOf(entryPaths.record, recordDigest),
      ...[...roots].map(([digest, name]) => subjectOf(name, digest)),
    ],
    predicateType: bundlePredicateType,
    predicate: { bundleId, previousBundleId, createdAt, expiresAt },
  };
  return Buffer.from(canonicalJson(statement, false));
}

/** Says in a few words what a payload is that is not the one expected; only for people, nothing is decided by it. */
export function describePayload(payload: Buffer): string {
  if (new ValueBudget().take(payload) !== undefined) return notStatement;
  try {
    const { predicateType, predicate } = parseStrictJson(payload, 'payload') as Record<string, unknown>;
    if (predicateType !== bundlePredicateType) {
      return typeof predicateType === 'string'
        ? `it signs a Statement of another type (${escapeText(predicateType, 128)})`
        : notStatement;
    }
    const { bundleId } = predicate as Record<string, unknown>;
    return `it signs another bundle, or another bundle.json (its bundleId is ${escapeText(String(bundleId), 160)})`;
  } catch {
    return notStatement;
  }
}

function subjectOf(name: string, digest: string): CanonicalValue {
  const { algorithm, encoded } = parseDigest(digest);
  return { name, digest: { [algorithm]: encoded } };
}
