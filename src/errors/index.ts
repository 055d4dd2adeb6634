export type { OciErrorCode } from './codes.js';
export { isOciError } from './guards.js';
export {
  ArgumentError,
  BundleError,
  IntegrityError,
  LimitError,
  ProtocolError,
  RegistryError,
  type RegistryErrorDetail,
  TransportError,
} from './kinds.js';
export { OciError, type OciErrorOptions } from './oci-error.js';
