import { ArgumentError, isOciError, ProtocolError, TransportError } from '../errors/index.js';
import { escapeText } from '../oci/escape.js';
import { codeOf, faultOf } from './network-faults.js';
import { redactUrl } from './redact.js';
import type { Timeouts } from './types.js';

/** What was being sent when it failed. */
export interface SendContext {
  readonly method: string;
  readonly url: URL;
  readonly timeouts: Timeouts;
}

/** Turns what undici or a socket threw into an error of this package; errors of this package pass as they are. */
export function toTransportError(error: unknown, context: SendContext): Error {
  if (isOciError(error)) return error;
  forgetAnswer(error);
  const code = codeOf(error);
  const url = redactUrl(context.url);
  const argument = code === 'UND_ERR_INVALID_ARG' ? 'headers' : code.startsWith('ERR_OSSL_') ? 'tls' : undefined;
  if (argument !== undefined) {
    return new ArgumentError('ERR_OCI_INVALID_OPTION', `${context.method} ${url} cannot be sent: ${messageOf(error)}`, {
      argument,
      cause: error,
      hint:
        argument === 'tls' ? 'tls.cert and tls.key have to be PEM and belong together' : 'look at the headers option',
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
  const fault = faultOf(error);
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
    hint: 'the registry or a proxy is slow: look at its load, lower the concurrency, or raise timeouts.requestMs (30 s; a shorter --timeout lowers it)',
  });
}

/** Makes the error for a blob request that got no connection, or no answer, in time. */
export function noAnswerInTime(context: SendContext): TransportError {
  const url = redactUrl(context.url);
  const within = `timeouts.requestMs (${context.timeouts.requestMs} ms)`;
  return new TransportError(
    'ERR_OCI_TIMEOUT',
    `${context.method} ${url} got no connection or no answer within ${within}`,
    {
      method: context.method,
      url,
      hint: 'read or destroy every body that is open, lower the concurrency, or raise limits.maxConnectionsPerHost',
    },
  );
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

/**
 * Tells whether a request that failed this way is worth sending again.
 *
 * @remarks A deadline has no cause, and an error below which there is another of this package was retried down there.
 */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof TransportError)) return false;
  if (error.code !== 'ERR_OCI_NETWORK' && error.code !== 'ERR_OCI_TIMEOUT') return false;
  if (error.cause === undefined || isOciError(error.cause)) return false;
  return faultOf(error.cause)?.permanent !== true;
}

/** Tells whether a body ended this way before its time: the rest of it may still be had. */
export function isBrokenOff(error: unknown): error is TransportError {
  // What has begun to arrive has only one deadline left, the floor under its progress.
  return isTransient(error) || (error instanceof TransportError && error.code === 'ERR_OCI_TIMEOUT');
}

/** undici's parser keeps the bytes it could not read: there may be a token among them, and whoever prints an error prints its cause. */
function forgetAnswer(error: unknown): void {
  if (error instanceof Error && error.name === 'HTTPParserError') Object.assign(error, { data: undefined });
}

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return escapeText(message === '' ? codeOf(error) : message, 200);
}
