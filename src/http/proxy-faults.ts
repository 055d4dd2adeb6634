import { ExplainedFault, faultOf } from './network-faults.js';
import type { ProxyServer } from './proxy.js';

const settings = 'HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, or the option proxy';

/** Makes the error for a proxy that no connection can be made to, or that says nothing that can be read. */
export function proxyUnreachable(proxy: ProxyServer, cause: unknown): ExplainedFault {
  if (cause instanceof ExplainedFault) return cause;
  // Node's parser keeps what it could not read, and whoever prints an error prints its cause.
  if (cause instanceof Error && 'rawPacket' in cause) cause.rawPacket = undefined;
  const known = faultOf(cause);
  const reason = known?.reason ?? 'it cannot be reached';
  const fault = { reason: `the proxy ${proxy.url.host} does not connect: ${reason}`, hint: hintFor(proxy) };
  return new ExplainedFault({ ...known, ...fault }, cause);
}

/** Makes the error for a proxy that uses up the time to connect. */
export function proxyTooSlow(proxy: ProxyServer, connectMs: number): ExplainedFault {
  const within = `timeouts.connectMs (${connectMs} ms)`;
  return new ExplainedFault({
    code: 'ERR_OCI_TIMEOUT',
    reason: `no connection through the proxy ${proxy.url.host} within ${within}`,
    hint: `${hintFor(proxy)}, or raise timeouts.connectMs`,
  });
}

/** Makes the error for a proxy that does not connect; its own words are not repeated. */
export function proxyRefused(proxy: ProxyServer, target: string, status: number): ExplainedFault {
  const { host } = proxy.url;
  if (status === 407) {
    const isRefused = proxy.authorization !== undefined;
    return new ExplainedFault({
      reason: `the proxy ${host} ${isRefused ? 'does not take the user and password it was given' : 'wants a login'} (407)`,
      hint: 'put user and password into the URL of the proxy, as in http://USER:PASSWORD@HOST:PORT',
      permanent: true,
    });
  }
  return new ExplainedFault({
    reason: `the proxy ${host} did not connect to ${target} (${status})`,
    hint: `ask for ${target} at the proxy, or add it to NO_PROXY where it can be reached directly`,
    permanent: status < 500 && status !== 408 && status !== 429,
  });
}

function hintFor(proxy: ProxyServer): string {
  return `check that a proxy runs at ${proxy.url.origin}, and what is set with ${settings}`;
}
