import { isOciError, type OciErrorCode } from '../index.js';
import { DiscoveryFailure } from './discovery-failure.js';
import { exitCodes } from './exit-codes.js';
import { InputFailure } from './input-failure.js';
import { Interruption } from './interruption.js';
import { UsageError } from './usage-error.js';

/** Codes that mean the same wherever they come up. */
const byCode: Readonly<Partial<Record<OciErrorCode, number>>> = {
  ERR_OCI_INVALID_REFERENCE: exitCodes.usage,
  ERR_OCI_INVALID_DIGEST: exitCodes.usage,
  ERR_OCI_INVALID_DESCRIPTOR: exitCodes.usage,
  ERR_OCI_INVALID_OPTION: exitCodes.usage,
  ERR_OCI_CREDENTIALS: exitCodes.usage,
  ERR_OCI_BUNDLE_SOURCE: exitCodes.usage,
  ERR_OCI_LAYOUT_INVALID: exitCodes.usage,
  ERR_OCI_LAYOUT_SOURCE: exitCodes.usage,
  ERR_OCI_LAYOUT_OUTPUT: exitCodes.other,
  ERR_OCI_BUNDLE_INVALID: exitCodes.refuted,
  ERR_OCI_REQUIRED_MISSING: exitCodes.refuted,
  ERR_OCI_SIGNING: exitCodes.other,
  ERR_OCI_REFERRERS_UNSUPPORTED: exitCodes.unconfirmed,
  ERR_OCI_REFERRERS_UNCONFIRMED: exitCodes.unconfirmed,
  ERR_OCI_REFERRERS_INCONSISTENT: exitCodes.unconfirmed,
  ERR_OCI_REFERRERS_TAG_INVALID: exitCodes.unconfirmed,
  ERR_OCI_REFERRERS_TAG_CONFLICT: exitCodes.unconfirmed,
  ERR_OCI_TRANSFER_UNVERIFIED: exitCodes.unconfirmed,
  ERR_OCI_BUNDLE_OUTPUT: exitCodes.other,
};

/** Chooses the exit code for what ended a command. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof InputFailure) return codeOf(error.cause) ?? exitCodes.other;
  if (error instanceof DiscoveryFailure) return codeOf(error.cause) ?? exitCodes.unconfirmed;
  return codeOf(error) ?? exitCodes.other;
}

function codeOf(error: unknown): number | undefined {
  if (error instanceof Interruption) return error.exitCode;
  if (error instanceof UsageError) return exitCodes.usage;
  return isOciError(error) ? byCode[error.code] : undefined;
}
