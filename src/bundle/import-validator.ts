import type { Readable } from 'node:stream';
import { z } from 'zod';
import type { AbortableOptions } from '../content/abort.js';
import { checkOptions } from '../content/check-options.js';
import { ArgumentError } from '../errors/index.js';
import { inSpan } from '../telemetry/spans.js';
import { readBase } from './bundle-base.js';
import { BundleReader } from './bundle-reader.js';
import { makeLayoutReport } from './foreign/layout-report.js';
import { LayoutRun } from './foreign/layout-run.js';
import { limitsFor, requirements, signal } from './option-schemas.js';
import { type BundleBase, type BundleRecord, bundleBaseSchema, type RequiredReferrer } from './record.js';
import { externalRule } from './rules/external-rule.js';
import { requiredRule } from './rules/required-rule.js';
import { signaturesRule } from './rules/signatures-rule.js';
import { discoveryRule, previousRule } from './rules/state-rules.js';
import { defaultRules } from './rules.js';
import {
  type DetachedSignatures,
  detachedSchema,
  readDetached,
  type SignatureOptions,
  signaturePolicy,
  signatureShape,
} from './signing/signature-policy.js';
import { makeReport, type ValidationReport } from './validation-report.js';
import {
  defaultValidationLimits,
  type ValidationLimits,
  type ValidationRule,
  type ValidationSettings,
} from './validation-rule.js';
import { ValidationRun } from './validation-run.js';

/** Options of {@link ImportValidator}. */
export interface ImportValidatorOptions extends SignatureOptions {
  /** What to check, in this order; {@link defaultRules} when absent. */
  readonly rules?: readonly ValidationRule[] | undefined;
  /** Makes every warning an error; false by default. */
  readonly strict?: boolean | undefined;
  /** Makes it an error when discovery was not confirmed at export; false by default. */
  readonly checkReferrers?: boolean | undefined;
  /** Referrers every image must have, beyond those the bundle itself requires; each type once, 64 at most. */
  readonly requireReferrers?: readonly RequiredReferrer[] | undefined;
  /**
   * The bundle that this one, a delta, builds on: its record, or the path of its file, which is then validated itself.
   * What it has is not reported as external any more; what it should have and has not is an error.
   */
  readonly base?: string | BundleBase | undefined;
  /**
   * What the file is: `bundle`, as this package writes them, by default; or `layout`, an OCI image layout that another tool
   * packed as a tar, gzipped or not (skopeo's `oci-archive`, regctl, oras, docker save). A layout has no record, so only what
   * its own documents say is checked: `rules`, `base`, signatures and `expectPrevious` are for bundles.
   */
  readonly format?: 'bundle' | 'layout' | undefined;
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
  base: z.union([z.string().min(1), bundleBaseSchema]).optional(),
  format: z.enum(['bundle', 'layout']).optional(),
  limits: limitsFor(defaultValidationLimits),
  ...signatureShape,
});
const validateSchema = z.strictObject({ signal, signatures: detachedSchema });

/** Options of {@link ImportValidator.validate}. */
export interface ValidateOptions extends AbortableOptions {
  /**
   * Signatures from beside the bundle, as paths or as their bytes; they count as those in it do, 16 at most of both
   * together, and none may be larger than `maxManifestBytes`.
   */
  readonly signatures?: DetachedSignatures | undefined;
}

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
 * rewrote consistently cannot be told from an honest one: this is integrity, not authenticity. With `trustedKeys` it is
 * both: the keys are the caller's, never the bundle's, and a signature has to be one of this very `bundle.json`.
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 * import { ImportValidator } from '@stellaops/oci-referrers';
 *
 * const validator = new ImportValidator({ trustedKeys: [await readFile('exporter.pub', 'utf8')] });
 * const { ok, signedBy } = await validator.validate('bundle.tgz', { signatures: ['bundle.tgz.sigstore.json'] });
 * ```
 */
export class ImportValidator {
  readonly #rules: readonly ValidationRule[];
  readonly #settings: ValidationSettings;
  readonly #base: string | BundleBase | undefined;
  readonly #isLayout: boolean;

  /** @throws {@link ArgumentError} `ERR_OCI_INVALID_OPTION` naming the option that is unknown or cannot work */
  constructor(options: ImportValidatorOptions = {}) {
    checkOptions(schema, options);
    const given: [string, number | undefined][] = Object.entries(options.limits ?? {});
    const set = Object.fromEntries(given.filter(([, value]) => value !== undefined));
    const limits: ValidationLimits = { ...defaultValidationLimits, ...set };
    const requireReferrers = options.requireReferrers ?? [];
    this.#rules = options.rules ?? defaultRules;
    const { strict = false, checkReferrers = false } = options;
    const { expectPrevious } = options;
    const signatures = signaturePolicy(options);
    this.#base = options.base;
    this.#isLayout = options.format === 'layout';
    if (this.#isLayout) assertForLayout(options);
    this.#settings = { limits, strict, checkReferrers, requireReferrers, signatures, expectPrevious };
    if (signatures.keys.length > 0) assertRule(this.#rules, signaturesRule, 'trustedKeys');
    if (expectPrevious !== undefined) assertRule(this.#rules, previousRule, 'expectPrevious');
    if (options.base !== undefined) assertRule(this.#rules, externalRule, 'base');
    if (requireReferrers.length > 0) assertRule(this.#rules, requiredRule, 'requireReferrers');
    if (checkReferrers) assertRule(this.#rules, discoveryRule, 'checkReferrers');
  }

  /**
   * Validates one bundle.
   *
   * @param source - path of the file; its bytes, a stream that is destroyed in the end; or a reader, which stays open so
   * that what was validated can be read again
   * @returns the report; look at `ok`
   * @throws {@link ArgumentError} `ERR_OCI_INVALID_OPTION`; {@link BundleError} `ERR_OCI_BUNDLE_SOURCE` when the source
   * or a signature beside it cannot be read, `ERR_OCI_BUNDLE_INVALID` when the base is not valid; the signal's reason
   * when aborted
   */
  async validate(source: string | Readable | BundleReader, options: ValidateOptions = {}): Promise<ValidationReport> {
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
  async validateReader(reader: BundleReader, options: ValidateOptions = {}): Promise<ValidatedBundle> {
    return await inSpan('oci_referrers.validate', {}, async (addAttributes) => {
      const validated = await this.#validate(reader, options);
      const { ok, findings, findingsDropped } = validated.report;
      addAttributes({ 'oci_referrers.valid': ok, 'oci_referrers.findings': findings.length + findingsDropped });
      return validated;
    });
  }

  async #validate(reader: BundleReader, options: ValidateOptions): Promise<ValidatedBundle> {
    if (this.#isLayout) {
      if ((options.signatures ?? []).length > 0) throw notForLayout('signatures');
      const layout = new LayoutRun(this.#settings);
      await layout.read(reader, options.signal);
      return { report: makeLayoutReport(layout), record: undefined };
    }
    const base = typeof this.#base === 'string' ? await readBase(this.#base, { signal: options.signal }) : this.#base;
    const detached = await readDetached(options.signatures, this.#settings.limits.maxManifestBytes);
    const run = new ValidationRun(this.#rules, { ...this.#settings, base }, detached);
    await run.read(reader, options.signal);
    return { report: makeReport(run, reader.compression), record: run.record };
  }
}

/** Nothing that was asked for is left out without a word: these need a bundle's record. */
function assertForLayout(options: ImportValidatorOptions): void {
  const needRecord = [
    'rules',
    'base',
    'trustedKeys',
    'requireSignature',
    'signatureThreshold',
    'expectPrevious',
  ] as const;
  const given = needRecord.find((name) => options[name] !== undefined);
  if (given !== undefined) throw notForLayout(given);
}

function notForLayout(argument: string): ArgumentError {
  const message = `option ${argument}: an image layout has no record that it could be held against`;
  const hint = `leave ${argument} out, or validate a bundle`;
  return new ArgumentError('ERR_OCI_INVALID_OPTION', message, { argument, hint });
}

/** A check that was asked for must not be left out by a list of rules of the caller's own. */
function assertRule(rules: readonly ValidationRule[], rule: ValidationRule, option: string): void {
  if (rules.includes(rule)) return;
  const message = `option rules: leaves out the rule ${rule.id}, which ${option} needs`;
  const hint = 'start from defaultRules, and keep that rule as it is there';
  throw new ArgumentError('ERR_OCI_INVALID_OPTION', message, { argument: 'rules', hint });
}
