import { z } from 'zod';
import { OciError } from '../errors/index.js';
import { parseJsonAs } from '../oci/strict-json.js';
import type { FindingReport } from './finding.js';
import { type BundleRecord, bundleRecordSchema } from './record.js';
import { recordExcess } from './record-limits.js';
import type { ValidationLimits } from './validation-rule.js';

/**
 * Commas and opening brackets in `bundle.json`, so that 64 MiB of `[],[],…` do not become gigabytes of objects.
 *
 * A record of 64 MiB in canonical form has 3.3 million lines at most, and about as many commas.
 */
const maxMarks = 4_000_000;
const versionSchema: z.ZodType<{ readonly schemaVersion: number }> = z.object({ schemaVersion: z.number() });

/** Reads `bundle.json` strictly, or says why that is not possible; nothing is thrown. */
export function loadRecord(
  bytes: Buffer | undefined,
  limits: Pick<ValidationLimits, 'maxRecordBytes' | 'maxImages' | 'maxManifestBytes'>,
): { readonly record: BundleRecord } | { readonly fault: FindingReport } {
  const { maxRecordBytes } = limits;
  if (bytes === undefined) return { fault: overLimit('is larger than maxRecordBytes', maxRecordBytes) };
  if (countMarks(bytes) > maxMarks) return { fault: overLimit('has more values than a record can have', maxMarks) };
  try {
    const { schemaVersion } = parseJsonAs(bytes, versionSchema, 'bundle.json');
    if (schemaVersion !== 1) return { fault: unsupported(schemaVersion) };
    const record = parseJsonAs(bytes, bundleRecordSchema, 'bundle.json');
    const excess = recordExcess(record, limits);
    if (excess === undefined) return { record };
    return { fault: overLimit(`has ${excess.what}, more than ${excess.limitName} may be`, excess.limit) };
  } catch (error) {
    if (!(error instanceof OciError)) throw error;
    return { fault: { code: 'BundleRecordInvalid', message: error.message } };
  }
}

function countMarks(bytes: Buffer): number {
  let count = 0;
  for (const byte of bytes) if (byte === 0x2c || byte === 0x5b || byte === 0x7b) count += 1;
  return count;
}

function overLimit(what: string, limit: number): FindingReport {
  return { code: 'LimitExceeded', message: `bundle.json ${what} (${limit})`, expected: String(limit) };
}

function unsupported(schemaVersion: number): FindingReport {
  return {
    code: 'VersionUnsupported',
    message: `bundle.json has schemaVersion ${schemaVersion}; this version of the package reads 1`,
    expected: '1',
    actual: String(schemaVersion),
  };
}
