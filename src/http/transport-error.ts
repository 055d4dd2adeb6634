import { ArgumentError, isOciError, type OciErrorCode, ProtocolError, TransportError } from '../errors/index.js';
import { escapeText } from '../oci/escape.js';
import { addressRefusedCode } from './guarded-lookup.js';
import { redactUrl } from './redact.js';
import type { Timeouts } from './types.js';

/** What was being sent when it failed. */
export interface SendContext {
  readonly method: string;
  readonly url: URL;
  readonly timeouts: Timeouts;
}

interface Fault {
  readonly code?: OciErrorCode;
  readonly reason: string;
  readonly hint: string;
  /** True when trying again at once cannot help. */
  readonly permanent?: boolean;
}

const untrusted: Fault = {
  reason: 'its certificate is not trusted',
  hint: 'give the authority that signed it with tls.ca (--ca-file)',
  permanent: true,
};
const wrongCertificate: Fault = {
  reason: 'its certificate is not valid for it',
  hint: "check the host name, this machine's clock and the certificate's dates and names",
  permanent: true,
};
const plainHttp: Fault = {
  reason: 'it does not speak TLS on this port',
  hint: 'if the registry speaks plain HTTP there, use plainHttp (--plain-http)',
  permanent: true,
};
const notHttp: Fault = {
  reason: 'it does not speak HTTP on this port',
  hint: 'if the registry speaks TLS there, do not use plainHttp (--plain-http); otherwise check the port',
  permanent: true,
};
const cut: Fault = {
  reason: 'the connection was closed before the answer was complete',
  hint: 'try again; if it stays, look at the registry and every proxy between, and at --plain-http',
};

const faults: Readonly<Record<string, Fault>> = {
  ECONNREFUSED: {
    reason: 'connection refused',
    hint: 'is the registry running on this host and port? If it speaks plain HTTP on another port, name the port and use --plain-http',
  },
  ENOTFOUND: {
    reason: 'the host name does not exist',
    hint: 'check the spelling of the registry, and DNS on this machine',
    permanent: true,
  },
  EAI_AGAIN: { reason: 'the host name cannot be looked up just now', hint: 'check DNS on this machine' },
  EHOSTUNREACH: { reason: 'no route to the host', hint: 'check network, VPN and firewall' },
  ENETUNREACH: { reason: 'the network cannot be reached', hint: 'check network, VPN and firewall' },
  ECONNRESET: cut,
  EPIPE: cut,
  UND_ERR_SOCKET: cut,
  UND_ERR_ABORTED: cut,
  Z_BUF_ERROR: cut,
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  CERT_UNTRUSTED: untrusted,
  CERT_HAS_EXPIRED: wrongCertificate,
  CERT_NOT_YET_VALID: wrongCertificate,
  ERR_TLS_CERT_ALTNAME_INVALID: wrongCertificate,
  EPROTO: plainHttp,
  ERR_SSL_WRONG_VERSION_NUMBER: plainHttp,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: plainHttp,
  UND_ERR_CONNECT_TIMEOUT: {
    code: 'ERR_OCI_TIMEOUT',
    reason: 'no connection within timeouts.connectMs',
    hint: 'check network and firewall, or raise timeouts.connectMs',
  },
  ETIMEDOUT: { code: 'ERR_OCI_TIMEOUT', reason: 'no connection in time', hint: 'check network and firewall' },
  UND_ERR_HEADERS_TIMEOUT: {
    code: 'ERR_OCI_TIMEOUT',
    reason: 'no answer within timeouts.blobWindowMs',
    hint: 'the registry took the request and said nothing: look at its load, or raise timeouts.blobWindowMs',
    permanent: true,
  },
  UND_ERR_HEADERS_OVERFLOW: {
    reason: 'its answer has more header bytes than are accepted',
    hint: 'look at what the registry or a proxy between adds to its answers',
    permanent: true,
  },
  [addressRefusedCode]: {
    code: 'ERR_OCI_REDIRECT_REFUSED',
    reason: 'its name leads to this machine or its own link, where the registry is not',
    hint: 'look at where the registry redirects to; a client must not be sent to addresses only it can reach',
    permanent: true,
  },
};

/** Turns what undici or a socket threw into an error of this package; errors of this package pass as they are. */
export function toTransportError(error: unknown, context: SendContext): Error {
  if (isOciError(error)) return error;
  const code = codeOf(error);
  const url = redactUrl(context.url);
  if (code === 'UND_ERR_INVALID_ARG') {
    return new ArgumentError('ERR_OCI_INVALID_OPTION', `${context.method} ${url} cannot be sent: ${messageOf(error)}`, {
      argument: 'headers',
      cause: error,
    });
  }
  if (/^(?:Z_|ERR__ERROR_)/.test(code) && code !== 'Z_BUF_ERROR') {
    return new ProtocolError(
      'ERR_OCI_BAD_HEADER',
      `${context.method} ${url}: the body is not what Content-Encoding says`,
      {
        cause: error,
        hint: 'look for a proxy that compresses answers, and switch that off for the registry',
      },
    );
  }
  const fault = faultOf(code);
  const reason = fault?.reason ?? messageOf(error);
  return new TransportError(fault?.code ?? 'ERR_OCI_NETWORK', `${context.method} ${url} failed: ${reason}`, {
    method: context.method,
    url,
    cause: error,
    hint: fault?.hint ?? 'check the network between here and the registry, and the log of the registry',
  });
}

/** Makes the error for a metadata request that used up its time. */
export function requestTimeout(context: SendContext): TransportError {
  const url = redactUrl(context.url);
  const within = `timeouts.requestMs (${context.timeouts.requestMs} ms)`;
  return new TransportError('ERR_OCI_TIMEOUT', `${context.method} ${url} did not finish within ${within}`, {
    method: context.method,
    url,
    hint: 'the registry or a proxy is slow: look at its load, lower the concurrency, or raise timeouts.requestMs',
  });
}

/** Makes the error for a blob that moves too slowly. */
export function blobStalled(context: SendContext): TransportError {
  const url = redactUrl(context.url);
  const { blobWindowMs, minBlobBytesPerWindow } = context.timeouts;
  const message = `${context.method} ${url} moved less than ${minBlobBytesPerWindow} bytes in timeouts.blobWindowMs (${blobWindowMs} ms)`;
  return new TransportError('ERR_OCI_TIMEOUT', message, {
    method: context.method,
    url,
    hint: 'the connection has stalled: try again, or lower timeouts.minBlobBytesPerWindow on a slow line',
  });
}

/** Tells whether a request that failed this way is worth sending again. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof TransportError)) return false;
  if (error.code !== 'ERR_OCI_NETWORK' && error.code !== 'ERR_OCI_TIMEOUT') return false;
  if (error.cause === undefined) return false;
  return faultOf(codeOf(error.cause))?.permanent !== true;
}

function faultOf(code: string): Fault | undefined {
  if (Object.hasOwn(faults, code)) return faults[code];
  if (code.startsWith('HPE_')) return notHttp;
  return undefined;
}

function codeOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return escapeText(message === '' ? codeOf(error) : message, 200);
}
