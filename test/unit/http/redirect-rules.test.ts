import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createResponseHeaders } from '../../../src/http/headers.js';
import { type Hop, nextHop } from '../../../src/http/redirect.js';

/** Rules for hosts no test can listen on. */
function hop(from: string, to: string): Hop | undefined {
  const url = new URL(from);
  const answer = { status: 302, headers: createResponseHeaders({ location: to }), body: Readable.from([]) };
  const trail = { method: 'GET', origin: url.origin, maxRedirects: 10, visited: [] };
  return nextHop(answer, { url, leftOrigin: false }, trail);
}

describe('a redirect is refused', () => {
  it.each([
    ['from https to http', 'https://r.example/v2/', 'http://r.example/v2/'],
    ['from https to http elsewhere', 'https://r.example/v2/', 'http://cdn.example/'],
    ['from a public host to loopback', 'https://r.example/', 'https://127.0.0.1/'],
    ['to a spelling of loopback', 'http://r.example/', 'http://0x7f.1/'],
    ['to the number of loopback', 'http://r.example/', 'http://2130706433/'],
    ['to IPv6 loopback', 'http://r.example/', 'http://[::1]/'],
    ['to loopback inside IPv6', 'http://r.example/', 'http://[::ffff:127.0.0.1]/'],
    ['to localhost', 'http://r.example/', 'http://localhost:2375/'],
    ['to localhost with a dot', 'http://r.example/', 'http://LOCALHOST./'],
    ['to every address', 'http://r.example/', 'http://0.0.0.0/'],
    ['to the metadata service', 'http://r.example/', 'http://169.254.169.254/latest/meta-data'],
    ['to loopback through NAT64', 'http://r.example/', 'http://[64:ff9b::127.0.0.1]/'],
    ['to loopback through a NAT64 of the house', 'http://r.example/', 'http://[64:ff9b:1::7f00:1]/'],
    ['to loopback as IPv4-compatible IPv6', 'http://r.example/', 'http://[::127.0.0.1]/'],
    ['to loopback as translated IPv4', 'http://r.example/', 'http://[::ffff:0:127.0.0.1]/'],
    ['to every address through NAT64', 'http://r.example/', 'http://[64:ff9b::]/'],
    ['to the metadata service through NAT64', 'http://r.example/', 'http://[64:ff9b::a9fe:a9fe]/'],
    ['to the metadata service as IPv4-compatible IPv6', 'http://r.example/', 'http://[::169.254.169.254]/'],
    ['to the metadata service of Alibaba through NAT64', 'http://r.example/', 'http://[64:ff9b::100.100.100.200]/'],
    ['to the metadata service over IPv6', 'http://r.example/', 'http://[fd00:ec2::254]/'],
  ])('%s', (_, from, to) => {
    expect(() => hop(from, to)).toThrow(expect.objectContaining({ code: 'ERR_OCI_REDIRECT_REFUSED' }) as Error);
  });
});

describe('a redirect is followed', () => {
  it.each([
    ['from http to https', 'http://r.example/', 'https://r.example/', true],
    ['to a private address, where stores inside a house are', 'https://r.example/', 'https://10.0.0.8/', true],
    ['to a public address through NAT64', 'https://r.example/', 'https://[64:ff9b::192.0.2.7]/', true],
    ['to a public IPv6 address', 'https://r.example/', 'https://[2001:db8::127.0.0.1]/', true],
    ['between loopback addresses', 'http://127.0.0.1:5000/', 'http://[::1]:6000/', true],
    ['with the default port written out', 'https://r.example/', 'https://r.example:443/x', false],
  ])('%s', (_, from, to, leftOrigin) => {
    expect(hop(from, to)?.leftOrigin).toBe(leftOrigin);
  });

  it('only for a status that is a redirect', () => {
    const url = new URL('https://r.example/');
    const answer = { status: 304, headers: createResponseHeaders({ location: '/x' }), body: Readable.from([]) };
    const trail = { method: 'GET', origin: url.origin, maxRedirects: 1, visited: [] };
    expect(nextHop(answer, { url, leftOrigin: false }, trail)).toBeUndefined();
  });
});
