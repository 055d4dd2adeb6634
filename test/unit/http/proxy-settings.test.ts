import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createNoProxy } from '../../../src/http/no-proxy.js';
import { type ChooseProxy, createProxyChooser } from '../../../src/http/proxy.js';

const https = new URL('https://registry.example/v2/');
const http = new URL('http://registry.example/v2/');
const hostOf = (choose: ChooseProxy, url: URL): string | undefined => choose(url)?.url.host;

describe('the proxy of the environment', () => {
  it.each<[string, Record<string, string>, string | undefined, string | undefined]>([
    ['nothing', {}, undefined, undefined],
    ['one for each scheme', { HTTPS_PROXY: 'http://s:1', HTTP_PROXY: 'http://p:2' }, 's:1', 'p:2'],
    ['lower case before upper case', { HTTPS_PROXY: 'http://upper', https_proxy: 'http://lower' }, 'lower', undefined],
    ['what is empty as nothing', { https_proxy: '', HTTPS_PROXY: ' ', ALL_PROXY: 'http://a' }, 'a', 'a'],
    ['the one for everything last', { all_proxy: 'http://a', http_proxy: 'http://p' }, 'a', 'p'],
    ['a host without a scheme', { https_proxy: 'proxy.example:3128' }, 'proxy.example:3128', undefined],
    ['hosts to leave out', { https_proxy: 'http://s', no_proxy: 'a.example, registry.example' }, undefined, undefined],
    [
      'lower case before upper case there too',
      { https_proxy: 'http://s', no_proxy: 'a', NO_PROXY: '*' },
      's',
      undefined,
    ],
  ])('is taken from %s', (_name, environment, forHttps, forHttp) => {
    const choose = createProxyChooser('environment', environment);
    expect(hostOf(choose, https)).toBe(forHttps);
    expect(hostOf(choose, http)).toBe(forHttp);
  });

  it.each(['http://localhost/', 'https://127.0.0.1:5000/', 'http://[::1]:5000/', 'http://registry.localhost/'])(
    'is never used for loopback: %s',
    (url) => {
      const choose = createProxyChooser('environment', { all_proxy: 'http://a' });
      expect(choose(new URL(url))).toBeUndefined();
      expect(createProxyChooser({ url: 'http://a' }, {})(new URL(url))).toBeUndefined();
    },
  );

  it('is not HTTP_PROXY in a CGI environment, where a request can set it', () => {
    const choose = createProxyChooser('environment', { HTTP_PROXY: 'http://evil', REQUEST_METHOD: 'GET' });
    expect(() => choose(http)).toThrow(
      expect.objectContaining({ code: 'ERR_OCI_INVALID_OPTION', argument: 'HTTP_PROXY' }),
    );
    expect(choose(https)).toBeUndefined();
    const safe = { http_proxy: 'http://p', HTTP_PROXY: 'http://evil', REQUEST_METHOD: 'GET' };
    expect(hostOf(createProxyChooser('environment', safe), http)).toBe('p');
  });

  it('that cannot be used is an error for who would use it, and repeats no password', () => {
    for (const value of [
      'socks5://u:secret@proxy:1080',
      'ftp://u:secret@proxy',
      'http://u:secret@pro xy',
      '://secret',
    ]) {
      const choose = createProxyChooser('environment', {
        ALL_PROXY: value,
        https_proxy: 'http://s',
        no_proxy: 'a.example',
      });
      expect(hostOf(choose, https)).toBe('s');
      expect(choose(new URL('http://a.example/'))).toBeUndefined();
      let error: unknown;
      try {
        choose(http);
      } catch (caught) {
        error = caught;
      }
      expect(error).toMatchObject({ code: 'ERR_OCI_INVALID_OPTION', argument: 'ALL_PROXY' });
      expect(inspect(error, { showHidden: true, depth: 5 })).not.toContain('secret');
    }
  });
});

describe('user and password of a proxy', () => {
  it.each([
    ['http://me:pass%3Aword@proxy', 'me:pass:word'],
    ['http://me@proxy', 'me:'],
    ['http://:only@proxy', ':only'],
  ])('are decoded, and not left in its URL: %s', (url, login) => {
    const proxy = createProxyChooser({ url }, {})(https);
    expect(proxy?.authorization).toBe(`Basic ${Buffer.from(login).toString('base64')}`);
    expect(proxy?.url.href).toBe('http://proxy/');
  });

  it('that are wrongly encoded are an error', () => {
    expect(() => createProxyChooser({ url: 'http://me:100%@proxy' }, {})).toThrow(
      expect.objectContaining({ code: 'ERR_OCI_INVALID_OPTION', argument: 'proxy.url' }),
    );
  });
});

describe('an entry of NO_PROXY', () => {
  it.each<[string, string[], string[]]>([
    ['*', ['https://a.example/', 'http://10.0.0.1/'], []],
    [
      'example.com',
      ['https://example.com/', 'http://a.b.example.com:99/'],
      ['https://notexample.com/', 'https://example.com.evil/'],
    ],
    ['EXAMPLE.com', ['https://example.com/'], []],
    ['.example.com', ['https://a.example.com/'], ['https://example.com/']],
    ['*.example.com', ['https://a.example.com/'], ['https://example.com/']],
    ['example.com:8443', ['https://example.com:8443/', 'https://a.example.com:8443/'], ['https://example.com/']],
    ['example.com:443', ['https://example.com/'], ['http://example.com/']],
    ['example.com:80', ['http://example.com/'], ['https://example.com/']],
    ['10.1.2.3', ['https://10.1.2.3/', 'http://10.1.2.3:99/'], ['https://10.1.2.4/']],
    ['10.1.2.3:99', ['http://10.1.2.3:99/'], ['http://10.1.2.3/']],
    ['10.0.0.0/8', ['https://10.200.1.1/'], ['https://11.0.0.1/', 'https://ten.example/']],
    ['10.1.2.3/8', ['https://10.200.1.1/'], []],
    ['2001:db8::/32', ['https://[2001:db8::1]/'], ['https://[2001:db9::1]/']],
    ['2001:db8::1', ['https://[2001:db8::1]/', 'https://[2001:db8::1]:99/'], ['https://[2001:db8::2]/']],
    ['[2001:db8::1]:99', ['https://[2001:db8::1]:99/'], ['https://[2001:db8::1]/']],
    ['müller.example', ['https://xn--mller-kva.example/'], []],
    ['10.0.0.0/33', [], ['https://10.0.0.1/']],
    ['.', [], ['https://a.example/']],
    [':443', [], ['https://a.example/']],
  ])('means what it means to Go: %s', (entry, direct, proxied) => {
    const isExcepted = createNoProxy(['other.example', entry]);
    expect(direct.filter((url) => !isExcepted(new URL(url)))).toEqual([]);
    expect(proxied.filter((url) => isExcepted(new URL(url)))).toEqual([]);
  });

  it('never ends the program, and never means a host that it does not name', () => {
    fc.assert(
      fc.property(fc.string(), (entry) => {
        if (entry.trim() === '*') return;
        expect(createNoProxy([entry])(new URL('https://a-host-nobody-names.invalid/'))).toBe(false);
      }),
    );
  });
});
