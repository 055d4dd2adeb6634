import type { OciErrorCode } from './codes.js';
import { OciError, type OciErrorOptions } from './oci-error.js';

/** One entry of the `errors` array in a registry's error body, bounded and escaped before it gets here. */
export interface RegistryErrorDetail {
  /** The registry's own code, such as `MANIFEST_UNKNOWN`; empty where the registry sent none. */
  readonly code: string;
  /** The registry's own message. */
  readonly message: string;
}

/** Thrown when an argument, option or reference cannot work: fix the call. */
export class ArgumentError extends OciError {
  /** Name of the class, for logs. */
  override readonly name: string = 'ArgumentError';
  /** The argument or option that is wrong, such as `reference` or `limits.maxPages`. */
  readonly argument: string;

  /** @internal */
  constructor(code: OciErrorCode, message: string, options: OciErrorOptions & { readonly argument: string }) {
    super(code, message, options);
    this.argument = options.argument;
  }
}

/** @internal */
export interface RegistryErrorOptions extends OciErrorOptions {
  readonly method: string;
  readonly url: string;
  readonly status: number;
  readonly registryErrors?: readonly RegistryErrorDetail[] | undefined;
  readonly retryAfterMs?: number | undefined;
}

/** Thrown when a registry or token service answered and the answer is a refusal. */
export class RegistryError extends OciError {
  /** Name of the class, for logs. */
  override readonly name: string = 'RegistryError';
  /** HTTP method of the request. */
  readonly method: string;
  /** URL of the request, redacted. */
  readonly url: string;
  /** HTTP status of the answer. */
  readonly status: number;
  /** The `errors` of the registry's body; empty where it sent none. */
  readonly registryErrors: readonly RegistryErrorDetail[];
  /** How long the registry asked to wait, in milliseconds; absent where it did not say. */
  readonly retryAfterMs: number | undefined;

  /** @internal */
  constructor(code: OciErrorCode, message: string, options: RegistryErrorOptions) {
    super(code, message, options);
    this.method = options.method;
    this.url = options.url;
    this.status = options.status;
    this.registryErrors = options.registryErrors ?? [];
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** Thrown when no usable answer came: network, TLS, timeout, or a redirect that must not be followed. */
export class TransportError extends OciError {
  /** Name of the class, for logs. */
  override readonly name: string = 'TransportError';
  /** HTTP method of the request. */
  readonly method: string;
  /** URL of the request, redacted. */
  readonly url: string;

  /** @internal */
  constructor(code: OciErrorCode, message: string, options: OciErrorOptions & { method: string; url: string }) {
    super(code, message, options);
    this.method = options.method;
    this.url = options.url;
  }
}

/** Thrown when an answer breaks the specification: content type, JSON, schema, `Link` or another header. */
export class ProtocolError extends OciError {
  /** Name of the class, for logs. */
  override readonly name: string = 'ProtocolError';
}

/** Thrown when a bound was reached; nothing that was read so far is returned as if it were complete. */
export class LimitError extends OciError {
  /** Name of the class, for logs. */
  override readonly name: string = 'LimitError';
  /** The limit, by its option name, such as `maxManifestBytes`. */
  readonly limitName: string;
  /** Its value. */
  readonly limit: number;

  /** @internal */
  constructor(message: string, options: OciErrorOptions & { readonly limitName: string; readonly limit: number }) {
    super('ERR_OCI_LIMIT_EXCEEDED', message, options);
    this.limitName = options.limitName;
    this.limit = options.limit;
  }
}

/** Thrown when bytes are not the ones their descriptor names. */
export class IntegrityError extends OciError {
  /** Name of the class, for logs. */
  override readonly name: string = 'IntegrityError';
  /** What the descriptor says: a digest, or a size in bytes. */
  readonly expected: string;
  /** What was found. */
  readonly actual: string;

  /** @internal */
  constructor(
    code: OciErrorCode,
    message: string,
    options: OciErrorOptions & { readonly expected: string; readonly actual: string },
  ) {
    super(code, message, options);
    this.expected = options.expected;
    this.actual = options.actual;
  }
}

/** Thrown when a bundle or an image layout cannot be written, read or imported. */
export class BundleError extends OciError {
  /** Name of the class, for logs. */
  override readonly name: string = 'BundleError';
  /** The file or entry the fault is about; absent where there is none. */
  readonly path: string | undefined;

  /** @internal */
  constructor(code: OciErrorCode, message: string, options: OciErrorOptions & { readonly path?: string } = {}) {
    super(code, message, options);
    this.path = options.path;
  }
}

/** Thrown when a list of referrers cannot be confirmed, or a referrer could not be kept listed. */
export class ReferrersError extends OciError {
  /** Name of the class, for logs. */
  override readonly name: string = 'ReferrersError';
  /** Digest of the manifest whose referrers were asked for. */
  readonly subject: string;

  /** @internal */
  constructor(code: OciErrorCode, message: string, options: OciErrorOptions & { readonly subject: string }) {
    super(code, message, options);
    this.subject = options.subject;
  }
}
