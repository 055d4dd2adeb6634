import { ArgumentError } from '../errors/index.js';
import { scopeOfHostname } from './address-scope.js';
import { createNoProxy } from './no-proxy.js';

/** A proxy for every host that is not excepted. */
export interface ProxySettings {
  /** `http://` or `https://` URL of the proxy; user and password in it are shown to the proxy alone. */
  readonly url: string;
  /** Hosts that are reached directly, in the form of `NO_PROXY` entries; none by default. */
  readonly noProxy?: readonly string[] | undefined;
}

/** Which proxy to use: what the environment says, none, or the one that is given. */
export type ProxyOption = 'environment' | false | ProxySettings;

/** A proxy, ready to be connected to. */
export interface ProxyServer {
  /** Its URL, without user and password. */
  readonly url: URL;
  /** Value of `Proxy-Authorization`; it goes to the proxy and nowhere else. */
  readonly authorization: string | undefined;
}

/**
 * Finds the proxy for a URL; undefined reaches it directly, as loopback always is.
 *
 * @throws {@link ArgumentError} `ERR_OCI_INVALID_OPTION` where the proxy for this URL is set to something that is none
 */
export type ChooseProxy = (url: URL) => ProxyServer | undefined;

const direct = (): undefined => undefined;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads which proxy to use; the environment is read now and not again.
 *
 * @remarks `https_proxy` and `http_proxy` by the scheme of what is asked for, then `all_proxy`; lower case before upper
 * case, as curl does. A faulty value is an error only for who would use it.
 */
export function createProxyChooser(option: ProxyOption, environment: Environment): ChooseProxy {
  if (option === false) return direct;
  if (option !== 'environment') {
    const proxy = parseProxyUrl(option.url, 'proxy.url');
    return chooser(option.noProxy ?? [], () => proxy);
  }
  const forHttps = fromVariables(environment, ['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY']);
  const forHttp = fromVariables(environment, ['http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY']);
  if (forHttps === direct && forHttp === direct) return direct;
  const excepted = environment['no_proxy'] || environment['NO_PROXY'] || '';
  return chooser(excepted.split(/[\s,]+/), (url) => (url.protocol === 'https:' ? forHttps() : forHttp()));
}

function chooser(excepted: readonly string[], proxyFor: ChooseProxy): ChooseProxy {
  const isExcepted = createNoProxy(excepted);
  return (url) => (scopeOfHostname(url.hostname) === 'loopback' || isExcepted(url) ? undefined : proxyFor(url));
}

function fromVariables(environment: Environment, names: readonly string[]): () => ProxyServer | undefined {
  const name = names.find((one) => (environment[one] ?? '').trim() !== '');
  const value = name === undefined ? undefined : environment[name]?.trim();
  if (name === undefined || value === undefined) return direct;
  // A CGI server makes HTTP_PROXY of the header `Proxy` that anybody may send.
  if (name === 'HTTP_PROXY' && (environment['REQUEST_METHOD'] ?? '') !== '') {
    return () => {
      throw unusable(name, 'is not used in a CGI environment, where a request may set it', 'set http_proxy instead');
    };
  }
  let proxy: ProxyServer | undefined;
  return () => (proxy ??= parseProxyUrl(value, name));
}

/**
 * Reads the URL of a proxy; `host:port` alone means `http://`.
 *
 * @param name - the option or variable it comes from; the value may hold a password and gets into no message
 * @throws {@link ArgumentError} `ERR_OCI_INVALID_OPTION`
 */
function parseProxyUrl(value: string, name: string): ProxyServer {
  const text = value.includes('://') ? value : `http://${value}`;
  const hint =
    'write http://HOST:PORT or https://HOST:PORT, with USER:PASSWORD@ before the host where it wants a login';
  if (!URL.canParse(text)) throw unusable(name, 'is not the URL of a proxy', hint);
  const { protocol, host, username, password } = new URL(text);
  if (protocol.startsWith('socks')) throw unusable(name, 'names a SOCKS proxy, which is not supported', hint);
  if (protocol !== 'http:' && protocol !== 'https:') throw unusable(name, 'is neither http nor https', hint);
  let authorization: string | undefined;
  if (username !== '' || password !== '') {
    try {
      const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
      authorization = `Basic ${Buffer.from(login).toString('base64')}`;
    } catch {
      throw unusable(name, 'has a user or password with a % that encodes nothing', 'write % as %25');
    }
  }
  return { url: new URL(`${protocol}//${host}`), authorization };
}

function unusable(name: string, reason: string, hint: string): ArgumentError {
  return new ArgumentError('ERR_OCI_INVALID_OPTION', `the proxy in ${name} ${reason}`, { argument: name, hint });
}
