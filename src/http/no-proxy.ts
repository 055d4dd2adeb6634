import { BlockList, isIP, isIPv4 } from 'node:net';
import { domainToASCII } from 'node:url';

type Matches = (hostname: string, port: string) => boolean;

/**
 * Reads a list of hosts that are reached without a proxy, by the rules of Go's `NO_PROXY`.
 *
 * @remarks `example.com` also means the hosts below it, `.example.com` and `*.example.com` those alone; an address or a
 * range (`10.0.0.0/8`) means addresses as they are written in a URL, since no name is looked up; `:8443` behind either
 * means that port; `*` means every host. What cannot be read matches nothing.
 * @see https://pkg.go.dev/golang.org/x/net@v0.55.0/http/httpproxy#Config
 */
export function createNoProxy(entries: readonly string[]): (url: URL) => boolean {
  const known = entries.map((entry) => entry.trim().toLowerCase()).filter((entry) => entry !== '');
  if (known.includes('*')) return () => true;
  const matchers = known.map(matcherOf);
  return (url) => {
    const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
    return matchers.some((matches) => matches(unbracketed(url.hostname), port));
  };
}

function matcherOf(entry: string): Matches {
  const [, net = '', bits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(entry) ?? [];
  if (isIP(net) !== 0) return inSubnet(net, Number(bits));
  const [, before, port] = /^(\[[^\]]*\]|[^:]*):([^:]*)$/.exec(entry) ?? [];
  const host = unbracketed(before ?? entry);
  const isPort = (actual: string): boolean => port === undefined || port === actual;
  if (isIP(host) !== 0) {
    const matches = inSubnet(host, isIPv4(host) ? 32 : 128);
    return (hostname, actual) => matches(hostname, actual) && isPort(actual);
  }
  const name = host.startsWith('*.') ? host.slice(1) : host;
  const bare = name.replace(/^\./, '');
  if (bare === '') return () => false;
  const ascii = domainToASCII(bare) || bare;
  return (hostname, actual) =>
    (hostname.endsWith(`.${ascii}`) || (bare === name && hostname === ascii)) && isPort(actual);
}

function unbracketed(host: string): string {
  return host.replace(/^\[|\]$/g, '');
}

function inSubnet(net: string, bits: number): Matches {
  const family = isIPv4(net) ? 'ipv4' : 'ipv6';
  if (bits > (family === 'ipv4' ? 32 : 128)) return () => false;
  const list = new BlockList();
  list.addSubnet(net, bits, family);
  return (hostname) => isIP(hostname) !== 0 && list.check(hostname, isIPv4(hostname) ? 'ipv4' : 'ipv6');
}
