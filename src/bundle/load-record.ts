import { z } from 'zod';
import { OciError } from '../errors/index.js';
import { checkJson, parseStrictJson } from '../oci/strict-json.js';
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
/** Keys of one object: a referrer's annotations have the most, 1,000. A million keys in one object cost ten seconds. */
const maxKeys = 1_000;
const versionSchema: z.ZodType<{ readonly schemaVersion: number }> = z.object({ schemaVersion: z.number() });

/** Reads `bundle.json` strictly, or says why that is not possible; nothing is thrown. */
export function loadRecord(
  bytes: Buffer | undefined,
  limits: Pick<ValidationLimits, 'maxRecordBytes' | 'maxImages' | 'maxManifestBytes'>,
): { readonly record: BundleRecord } | { readonly fault: FindingReport } {
  const { maxRecordBytes } = limits;
  if (bytes === undefined) return { fault: overLimit('is larger than maxRecordBytes', maxRecordBytes) };
  const excess = excessOf(bytes);
  if (excess !== undefined) return { fault: excess };
  try {
    const value = parseStrictJson(bytes, 'bundle.json');
    const { schemaVersion } = checkJson(value, versionSchema, 'bundle.json');
    if (schemaVersion !== 1) return { fault: unsupported(schemaVersion) };
    const record = checkJson(value, bundleRecordSchema, 'bundle.json');
    const found = recordExcess(record, limits);
    if (found === undefined) return { record };
    return { fault: overLimit(`has ${found.what}, more than ${found.limitName} may be`, found.limit) };
  } catch (error) {
    if (!(error instanceof OciError)) throw error;
    return { fault: { code: 'BundleRecordInvalid', message: error.message } };
  }
}

/** Counts before anything is parsed; what is no JSON is counted as if it were. */
function excessOf(bytes: Buffer): FindingReport | undefined {
  const keys: number[] = [];
  let marks = 0;
  let isInside = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (isInside) {
      if (byte === 0x5c) at += 1;
      else isInside = byte !== 0x22;
    } else if (byte === 0x22) isInside = true;
    else if (byte === 0x7b || byte === 0x5b) {
      keys.push(0);
      marks += 1;
    } else if (byte === 0x7d || byte === 0x5d) keys.pop();
    else if (byte === 0x2c) marks += 1;
    else if (byte === 0x3a) {
      const count = (keys.pop() ?? 0) + 1;
      if (count > maxKeys) return overLimit('has more keys in one object than a record can have', maxKeys);
      keys.push(count);
    }
    if (marks > maxMarks) return overLimit('has more values than a record can have', maxMarks);
  }
  return undefined;
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
