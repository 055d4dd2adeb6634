import { gzipSync } from 'node:zlib';
import type { Behaviour } from '../behaviour.js';
import type { RegistryAnswer } from '../types.js';
import { html, noVersionHeader } from './edits.js';
import type { Profile } from './profile.js';

function always(answer: RegistryAnswer): Behaviour {
  return { unrouted: () => answer };
}

function page(status: number, title: string, headers: RegistryAnswer['headers'] = {}): RegistryAnswer {
  const body = `<html>\r\n<head><title>${title}</title></head>\r\n<body><h1>${title}</h1></body>\r\n</html>\r\n`;
  return html(status, body, { ...noVersionHeader, ...headers });
}

/** Every body breaks off in its middle. */
const reset: Behaviour = {
  change: ({ method }, answer) =>
    method === 'GET' && answer.body !== undefined && answer.body.length > 1
      ? { ...answer, cutAfterBytes: Math.floor(answer.body.length / 2) }
      : answer,
};

/** Every body is compressed, and nothing says so. */
const gzip: Behaviour = {
  change: (_request, answer) =>
    answer.body === undefined || answer.body.length === 0 ? answer : { ...answer, body: gzipSync(answer.body) },
};

function profile(name: Profile['name'], standsFor: string, behaviour: Behaviour): Profile {
  return {
    name,
    row: 23,
    standsFor,
    evidence: 'constructed',
    notEstablished: [],
    parts: { behave: () => [behaviour] },
  };
}

export const deadProxyProfiles: readonly Profile[] = [
  profile(
    'dead-proxy/captive-portal',
    'a network that shows its login page for everything, with status 200',
    always(page(200, 'Welcome to the guest network')),
  ),
  profile('dead-proxy/bad-gateway', 'a proxy whose registry is gone: 502', always(page(502, '502 Bad Gateway'))),
  profile(
    'dead-proxy/unavailable',
    'a proxy in maintenance: 503',
    always(page(503, '503 Service Temporarily Unavailable')),
  ),
  profile(
    'dead-proxy/unavailable-retry-after',
    'a proxy in maintenance that says when to come back',
    always(page(503, '503 Service Temporarily Unavailable', { 'retry-after': '1' })),
  ),
  profile('dead-proxy/reset', 'a proxy that cuts every connection in the middle of the body', reset),
  profile('dead-proxy/gzip', 'a proxy that compresses without saying so', gzip),
];
