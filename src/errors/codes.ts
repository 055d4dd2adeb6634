/**
 * Every code an {@link OciError} can carry: the code says what happened, the class says what to do next.
 *
 * @remarks `docs/errors.md` explains each one; a test compares that page with this list.
 */
export type OciErrorCode =
  // The caller gave something that cannot work.
  | 'ERR_OCI_INVALID_REFERENCE'
  | 'ERR_OCI_INVALID_DIGEST'
  | 'ERR_OCI_INVALID_DESCRIPTOR'
  | 'ERR_OCI_INVALID_OPTION'
  | 'ERR_OCI_CLOSED'
  // The registry answered, and the answer is no.
  | 'ERR_OCI_NOT_FOUND'
  | 'ERR_OCI_UNAUTHORIZED'
  | 'ERR_OCI_DENIED'
  | 'ERR_OCI_RATE_LIMITED'
  | 'ERR_OCI_REGISTRY_STATUS'
  | 'ERR_OCI_CREDENTIALS'
  // No usable answer came.
  | 'ERR_OCI_NETWORK'
  | 'ERR_OCI_TIMEOUT'
  | 'ERR_OCI_REDIRECT_REFUSED'
  | 'ERR_OCI_REALM_REFUSED'
  // The answer breaks the specification.
  | 'ERR_OCI_BAD_CONTENT_TYPE'
  | 'ERR_OCI_BAD_JSON'
  | 'ERR_OCI_BAD_SCHEMA'
  | 'ERR_OCI_BAD_LINK'
  | 'ERR_OCI_BAD_HEADER'
  // A bound was reached.
  | 'ERR_OCI_LIMIT_EXCEEDED'
  // The bytes are not the ones that were named.
  | 'ERR_OCI_DIGEST_MISMATCH'
  | 'ERR_OCI_SIZE_MISMATCH'
  // The list of referrers cannot be confirmed, or cannot be kept.
  | 'ERR_OCI_REFERRERS_UNSUPPORTED'
  | 'ERR_OCI_REFERRERS_UNCONFIRMED'
  | 'ERR_OCI_REFERRERS_INCONSISTENT'
  | 'ERR_OCI_REFERRERS_TAG_INVALID'
  | 'ERR_OCI_REFERRERS_TAG_CONFLICT'
  // A bundle or an image layout cannot be written, read or imported.
  | 'ERR_OCI_BUNDLE_INVALID'
  | 'ERR_OCI_BUNDLE_OUTPUT'
  | 'ERR_OCI_BUNDLE_SOURCE'
  | 'ERR_OCI_BUNDLE_CHANGED'
  | 'ERR_OCI_LAYOUT_INVALID'
  | 'ERR_OCI_LAYOUT_SOURCE'
  | 'ERR_OCI_LAYOUT_OUTPUT'
  | 'ERR_OCI_REQUIRED_MISSING'
  | 'ERR_OCI_SIGNING'
  | 'ERR_OCI_TRANSFER_REFUSED'
  | 'ERR_OCI_TRANSFER_UNVERIFIED';
