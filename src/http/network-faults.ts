import type { OciErrorCode } from '../errors/index.js';
import { escapeText } from '../oci/escape.js';
import { addressRefusedCode } from './guarded-lookup.js';

/** What a low-level error code means to an operator. */
export interface NetworkFault {
  readonly code?: OciErrorCode;
  readonly reason: string;
  readonly hint: string;
  /** True when trying again at once cannot help. */
  readonly permanent?: boolean;
}

const untrusted: NetworkFault = {
  reason: 'its certificate is not trusted',
  hint: 'give the authority that signed it with tls.ca (--ca-file, or ca in hosts.toml); --insecure accepts any certificate',
  permanent: true,
};
const noClientCertificate: NetworkFault = {
  reason: 'it does not take this client without a certificate, or not with this one',
  hint: 'give the client certificate and its key with tls.cert and tls.key (--cert and --key-file, or client in hosts.toml)',
  permanent: true,
};
const expiredCertificate: NetworkFault = {
  reason: 'its certificate has expired',
  hint: "have the certificate renewed; check this machine's clock too. --insecure accepts any certificate",
  permanent: true,
};
const futureCertificate: NetworkFault = {
  reason: 'its certificate is not valid yet',
  hint: "check this machine's clock, and the certificate's dates. --insecure accepts any certificate",
  permanent: true,
};
/** A certificate may have hundreds of names. */
const mostNamesLength = 300;
const plainHttp: NetworkFault = {
  reason: 'it does not speak TLS on this port',
  hint: 'if the registry speaks plain HTTP there, use plainHttp (--plain-http, or http:// in hosts.toml)',
  permanent: true,
};
const notHttp: NetworkFault = {
  reason: 'it does not speak HTTP on this port',
  hint: 'if the registry speaks TLS there, do not use plainHttp (--plain-http); otherwise check the port',
  permanent: true,
};
const cut: NetworkFault = {
  reason: 'the connection was closed before the answer was complete',
  hint: 'try again; if it stays, look at the registry and every proxy between, and at --plain-http',
};

const faults: Readonly<Record<string, NetworkFault>> = {
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
  CERT_HAS_EXPIRED: expiredCertificate,
  CERT_NOT_YET_VALID: futureCertificate,
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: noClientCertificate,
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: noClientCertificate,
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: noClientCertificate,
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: noClientCertificate,
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

/** An error that says itself what it means: no library has a code for it. */
export class ExplainedFault extends Error {
  override readonly name: string = 'ExplainedFault';
  readonly fault: NetworkFault;

  constructor(fault: NetworkFault, cause?: unknown) {
    super(fault.reason, cause === undefined ? undefined : { cause });
    this.fault = fault;
  }
}

/** Finds out what an error from undici, a socket or TLS means; undefined for one that is not known. */
export function faultOf(error: unknown): NetworkFault | undefined {
  if (error instanceof ExplainedFault) return error.fault;
  const code = codeOf(error);
  if (Object.hasOwn(faults, code)) return faults[code];
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return wrongName(error);
  if (code.startsWith('HPE_')) return notHttp;
  return undefined;
}

/** Says for which names the certificate is: one of them may be what the registry should have been called. */
function wrongName(error: unknown): NetworkFault {
  const { host, cert } = error as { readonly host?: unknown; readonly cert?: { readonly subjectaltname?: unknown } };
  const names = typeof cert?.subjectaltname === 'string' ? cert.subjectaltname : '';
  const said = escapeText(names.replaceAll(/\b(?:DNS|IP Address):/g, ''), mostNamesLength);
  const asked = typeof host === 'string' ? ` and not for ${escapeText(host)}` : '';
  return {
    reason: `its certificate is ${said === '' ? 'for no name at all' : `for ${said}`}${said === '' ? '' : asked}`,
    hint: 'name the registry as its certificate does, or have one made for this name (subjectAltName). --insecure accepts any certificate, also that of somebody between',
    permanent: true,
  };
}

/** The code of an error; empty where it has none. */
export function codeOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}
