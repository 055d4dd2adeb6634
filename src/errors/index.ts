export type { OciErrorCode } from './codes.js';
export { isOciError } from './guards.js';
export {
  ArgumentError,
  BundleError,
  IntegrityError,
  LimitError,
  ProtocolError,
  ReferrersError,
  RegistryError,
  type RegistryErrorDetail,
  TransportError,
} from './kinds.js';
export { type Attempt, OciError, type OciErrorOptions } from './oci-error.js';
