import { BundleError } from '../errors/index.js';
import { escapeText } from '../oci/escape.js';
import type { FindingCode } from './finding.js';

/** What a fault of the archive is about. */
export interface ArchiveFaultOptions {
  /** The entry, as its header names it; escaped here. */
  readonly path?: string | undefined;
  readonly expected?: string | undefined;
  readonly actual?: string | undefined;
  readonly cause?: unknown;
}

/**
 * A fault in the archive around the entries: an error for who reads a bundle, a finding for who validates one.
 *
 * @internal
 */
export class ArchiveFault extends BundleError {
  readonly findingCode: FindingCode;
  readonly expected: string | undefined;
  readonly actual: string | undefined;

  constructor(findingCode: FindingCode, message: string, options: ArchiveFaultOptions = {}) {
    super('ERR_OCI_BUNDLE_INVALID', message, {
      cause: options.cause,
      hint: 'validate the file, then transfer it again from where it was exported; do not repack it',
      ...(options.path === undefined ? {} : { path: escapeText(options.path) }),
    });
    this.findingCode = findingCode;
    this.expected = options.expected;
    this.actual = options.actual;
  }
}

/** Makes the fault for a file that ends too early. */
export function truncated(where: string, path?: string): ArchiveFault {
  return new ArchiveFault('ArchiveTruncated', `the file ends ${where}`, { path });
}
