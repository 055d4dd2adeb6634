import type { OciErrorCode } from './codes.js';
import { errorBrand, type OciError } from './oci-error.js';

/**
 * Tells whether a value is an error of this package, and optionally one with a given code.
 *
 * @param error - anything that was caught
 * @param code - the code to look for; any code when absent
 * @returns true across copies and realms: a brand is checked, not the class
 * @example
 * ```ts
 * import { createResolver, isOciError } from '@stellaops/oci-referrers';
 *
 * await using resolver = createResolver();
 * try {
 *   await resolver.resolve('registry.example.com/team/app:1.2');
 * } catch (error) {
 *   if (isOciError(error, 'ERR_OCI_NOT_FOUND')) console.log('no such image');
 *   else throw error;
 * }
 * ```
 */
export function isOciError(error: unknown, code?: OciErrorCode): error is OciError {
  if (typeof error !== 'object' || error === null || !(errorBrand in error)) return false;
  return code === undefined || (error as OciError).code === code;
}
