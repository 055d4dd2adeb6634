import { z } from 'zod';
import { OciError } from '../errors/index.js';
import { checkJson, parseStrictJson } from '../oci/strict-json.js';
import { ValueBudget } from '../oci/value-budget.js';
import type { FindingReport } from './finding.js';
import { type BundleRecord, bundleRecordSchema } from './record.js';
import { recordExcess } from './record-limits.js';
import type { ValidationLimits } from './validation-rule.js';

const versionSchema: z.ZodType<{ readonly schemaVersion: number }> = z.object({ schemaVersion: z.number() });

/** A record that was read, and what its values have left for those of the manifests. */
interface LoadedRecord {
  readonly record: BundleRecord;
  readonly forManifests: ValueBudget;
}

/** Reads `bundle.json` strictly, or says why that is not possible; nothing is thrown. */
export function loadRecord(
  bytes: Buffer | undefined,
  limits: Pick<ValidationLimits, 'maxRecordBytes' | 'maxImages' | 'maxManifestBytes'>,
): LoadedRecord | { readonly fault: FindingReport } {
  const { maxRecordBytes } = limits;
  if (bytes === undefined) return { fault: overLimit('is larger than maxRecordBytes', maxRecordBytes) };
  const values = new ValueBudget();
  const excess = values.take(bytes);
  if (excess !== undefined) return { fault: overLimit(`has ${excess.what} than a record may have`, excess.limit) };
  try {
    const value = parseStrictJson(bytes, 'bundle.json');
    const { schemaVersion } = checkJson(value, versionSchema, 'bundle.json');
    if (schemaVersion !== 1) return { fault: unsupported(schemaVersion) };
    const record = checkJson(value, bundleRecordSchema, 'bundle.json');
    const found = recordExcess(record, limits);
    if (found === undefined) return { record, forManifests: values.forManifests() };
    return { fault: overLimit(`has ${found.what}, more than ${found.limitName} may be`, found.limit) };
  } catch (error) {
    if (!(error instanceof OciError)) throw error;
    return { fault: { code: 'BundleRecordInvalid', message: error.message } };
  }
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
