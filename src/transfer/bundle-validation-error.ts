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
    super(
      'ERR_OCI_BUNDLE_INVALID',
      `the bundle ${path} has ${errors.length + report.findingsDropped} errors${detail}`,
      {
        path,
        hint: `${outcome}; transfer the file again, or export it again where it came from`,
      },
    );
    this.report = report;
  }
}
