import { nextStepFor } from '../bundle/next-steps.js';
import type { ValidationReport } from '../bundle/validation-report.js';
import { BundleError } from '../errors/index.js';

/** Thrown when a bundle did not pass validation; nothing was pushed, or signed. */
export class BundleValidationError extends BundleError {
  /** Name of the class, for logs. */
  override readonly name: string = 'BundleValidationError';
  /** Every finding. */
  readonly report: ValidationReport;

  /** @internal */
  constructor(path: string, report: ValidationReport, outcome = 'nothing was imported') {
    const errors = report.findings.filter((finding) => finding.severity === 'error');
    const first = errors[0];
    const where = first?.path === undefined ? '' : ` (${first.path})`;
    const detail = first === undefined ? '' : `, the first is ${first.code}: ${first.message}${where}`;
    const count = errors.length + report.findingsDropped;
    const next = first === undefined ? 'look at the findings' : nextStepFor(first.code);
    super('ERR_OCI_BUNDLE_INVALID', `the bundle ${path} has ${count} error${count === 1 ? '' : 's'}${detail}`, {
      path,
      hint: `${outcome}; ${next}`,
    });
    this.report = report;
  }
}
