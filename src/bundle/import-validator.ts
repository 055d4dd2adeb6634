import type { Readable } from 'node:stream';
import { z } from 'zod';
import type { AbortableOptions } from '../content/abort.js';
import { checkOptions } from '../content/check-options.js';
import { BundleReader } from './bundle-reader.js';
import { limitsFor, requirements, signal } from './option-schemas.js';
import type { BundleRecord, RequiredReferrer } from './record.js';
import { defaultRules } from './rules.js';
import { makeReport, type ValidationReport } from './validation-report.js';
import {
  defaultValidationLimits,
  type ValidationLimits,
  type ValidationRule,
  type ValidationSettings,
} from './validation-rule.js';
import { ValidationRun } from './validation-run.js';

/** Options of {@link ImportValidator}. */
export interface ImportValidatorOptions {
  /** What to check, in this order; {@link defaultRules} when absent. */
  readonly rules?: readonly ValidationRule[] | undefined;
  /** Makes every warning an error; false by default. */
  readonly strict?: boolean | undefined;
  /** Makes it an error when discovery was not confirmed at export; false by default. */
  readonly checkReferrers?: boolean | undefined;
  /** Referrers every image must have, beyond those the bundle itself requires; each type once, 64 at most. */
  readonly requireReferrers?: readonly RequiredReferrer[] | undefined;
  /** Bounds; what the bundle's record declares lowers them further. */
  readonly limits?: Partial<ValidationLimits> | undefined;
}

const flag = z.boolean().optional();
const isRule = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string';
const schema = z.strictObject({
  rules: z.array(z.custom(isRule, 'is not a rule with an id')).optional(),
  strict: flag,
  checkReferrers: flag,
  requireReferrers: requirements,
  limits: limitsFor(defaultValidationLimits),
});
const validateSchema = z.strictObject({ signal });

/** @internal A report, and the record it is about; there is none where `bundle.json` could not be read. */
export interface ValidatedBundle {
  readonly report: ValidationReport;
  readonly record: BundleRecord | undefined;
}

/**
 * Checks a bundle before anything is imported from it.
 *
 * @remarks The file is read once, as a stream: nothing is extracted or written, no network is used, memory is bounded, and
 * it always ends. Whatever is wrong with the bundle is a finding, not an exception. An unsigned bundle that somebody
 * rewrote consistently cannot be told from an honest one: this is integrity, not authenticity.
 */
export class ImportValidator {
  readonly #rules: readonly ValidationRule[];
  readonly #settings: ValidationSettings;

  /** @throws {@link ArgumentError} `ERR_OCI_INVALID_OPTION` naming the option that is unknown or cannot work */
  constructor(options: ImportValidatorOptions = {}) {
    checkOptions(schema, options);
    const given: [string, number | undefined][] = Object.entries(options.limits ?? {});
    const set = Object.fromEntries(given.filter(([, value]) => value !== undefined));
    const limits: ValidationLimits = { ...defaultValidationLimits, ...set };
    const requireReferrers = options.requireReferrers ?? [];
    this.#rules = options.rules ?? defaultRules;
    const { strict = false, checkReferrers = false } = options;
    this.#settings = { limits, strict, checkReferrers, requireReferrers };
  }

  /**
   * Validates one bundle.
   *
   * @param source - path of the file; its bytes, a stream that is destroyed in the end; or a reader, which stays open so
   * that what was validated can be read again
   * @returns the report; look at `ok`
   * @throws {@link ArgumentError} `ERR_OCI_INVALID_OPTION`; {@link BundleError} `ERR_OCI_BUNDLE_SOURCE` when the source
   * cannot be read; the signal's reason when aborted
   */
  async validate(source: string | Readable | BundleReader, options: AbortableOptions = {}): Promise<ValidationReport> {
    checkOptions(validateSchema, options);
    if (source instanceof BundleReader) return (await this.validateReader(source, options)).report;
    const { maxEntries, maxTotalBytes, maxRecordBytes } = this.#settings.limits;
    const bounds = { maxEntries, maxTotalBytes, maxRecordBytes };
    await using reader = new BundleReader(source, { ...bounds, signal: options.signal });
    return (await this.validateReader(reader, options)).report;
  }

  /**
   * Validates what a reader reads, and hands over the record the report is about, so that an importer works with that one
   * and does not read it again; nobody may import from it unless the report is `ok`.
   *
   * @internal
   */
  async validateReader(reader: BundleReader, options: AbortableOptions = {}): Promise<ValidatedBundle> {
    const run = new ValidationRun(this.#rules, this.#settings);
    await run.read(reader, options.signal);
    return { report: makeReport(run, reader.compression), record: run.record };
  }
}
