import { buffer } from 'node:stream/consumers';
import type { Descriptor, ResolverOptions } from '@stellaops/oci-referrers';
import { buildArtifact, type InterceptedRequest, type RegistryAnswer } from '@stellaops/oci-referrers/testing';
import { testCertificate } from '../testing/certificate.js';
import { type Home, type HomeSetting, repository, sbomType } from './home.js';
import { account, signature } from './secrets.js';

/** One way a secret could leave its origin. */
export interface Way extends HomeSetting {
  /** What the registry, or the stranger, tries. */
  readonly name: string;
  readonly act: (home: Home) => Promise<unknown>;
  /** `fine`, or the code of the error the caller gets. */
  readonly outcome: string;
  /** How often the stranger is asked. */
  readonly visits: number;
  /** What the stranger may see: nothing secret, or, as the token service, the login and nothing else. */
  readonly mayGet?: 'login' | undefined;
}

const resolve = (home: Home): Promise<unknown> => home.resolver.resolve(home.reference);
const list = async (home: Home): Promise<readonly Descriptor[]> =>
  await (await home.resolver.fetcher(home.reference)).fetchReferrers(home.image.descriptor);
const pull = async (home: Home, descriptor: Descriptor): Promise<Buffer> =>
  await buffer(await (await home.resolver.fetcher(home.reference)).fetch(descriptor));
const pullBlob = async (home: Home): Promise<Buffer> => await pull(home, blobOf(home));
const pushBlob = async (home: Home): Promise<unknown> => {
  const [{ descriptor, bytes } = missing()] = buildArtifact({ artifactType: sbomType, content: 'pushed' }).blobs.slice(
    -1,
  );
  return await (await home.resolver.pusher(home.reference)).push(descriptor, bytes);
};
const mount = async (home: Home): Promise<boolean> =>
  await (await home.resolver.pusher(home.reference)).mount(blobOf(home), 'other/place');

function missing(): never {
  throw new TypeError('a fixture without content');
}

function blobOf({ sbom }: Home): Descriptor {
  return sbom.blobs.at(-1)?.descriptor ?? missing();
}

/** Answers with a redirect by way of the stranger where a request is about `endpoint` and would be fine. */
const sends =
  (endpoint: InterceptedRequest['endpoint'], status?: number, method?: string): HomeSetting['answer'] =>
  (request, right, home) => {
    const isMeant = request.endpoint === endpoint && (method === undefined || request.method === method);
    return isMeant && right.status < 300 ? home.redirect(right, status, `?X-Amz-Signature=${signature}`) : right;
  };

/** Replaces a header of fine answers at one endpoint. */
const says =
  (
    endpoint: InterceptedRequest['endpoint'],
    headers: (home: Home) => RegistryAnswer['headers'],
    status?: number,
  ): HomeSetting['answer'] =>
  (request, right, home) =>
    request.endpoint === endpoint && right.status < 300
      ? { ...right, status: status ?? right.status, headers: { ...right.headers, ...headers(home) } }
      : right;

/** Replaces the challenge of the registry. */
const challenges =
  (challenge: (home: Home) => string): HomeSetting['answer'] =>
  (_, right, home) =>
    right.status === 401 ? { ...right, headers: { ...right.headers, 'www-authenticate': challenge(home) } } : right;

const options =
  (given: ResolverOptions): HomeSetting['resolver'] =>
  () =>
    given;
const REFUSED = 'ERR_OCI_REALM_REFUSED';

const redirects: readonly Way[] = [
  { name: 'a blob is redirected to a signed URL', answer: sends('blob'), act: pullBlob, outcome: 'fine', visits: 1 },
  { name: 'a HEAD is redirected', answer: sends('manifest', 302, 'HEAD'), act: resolve, outcome: 'fine', visits: 1 },
  {
    name: 'a manifest is redirected',
    answer: sends('manifest', 308),
    act: async (home) => await pull(home, home.image.descriptor),
    outcome: 'fine',
    visits: 1,
  },
  { name: 'a list of referrers is redirected', answer: sends('referrers', 303), act: list, outcome: 'fine', visits: 1 },
  {
    name: 'the target of a redirect asks for a password',
    answer: sends('blob'),
    stranger: () => (_, response) => response.writeHead(401, { 'www-authenticate': 'Basic realm="home"' }).end(),
    act: async (home) => {
      home.stranger.park = () => `${home.stranger.origin}/challenge`;
      return await pullBlob(home);
    },
    outcome: 'ERR_OCI_UNAUTHORIZED',
    visits: 1,
  },
  {
    name: 'the target of a redirect names a token service of its own',
    answer: (request, right, home) =>
      request.endpoint === 'blob' && right.status === 200
        ? { status: 307, headers: { location: `${home.stranger.origin}/blob` } }
        : right,
    stranger: (home) => (_, response) => {
      const challenge = `Bearer realm="${home().stranger.origin}/token",service="${home().registry.host}"`;
      response.writeHead(401, { 'www-authenticate': challenge }).end();
    },
    act: pullBlob,
    outcome: 'ERR_OCI_UNAUTHORIZED',
    visits: 1,
  },
  {
    name: 'a redirect goes out and comes home again',
    answer: (request, right, home) =>
      request.endpoint === 'blob' && right.status === 200 && !request.query.has('back')
        ? { status: 307, headers: { location: `${home.stranger.origin}/out` } }
        : right,
    stranger: (home) => (_, response) => {
      const { registry, sbom } = home();
      const back = `${registry.origin}/v2/${repository}/blobs/${sbom.blobs.at(-1)?.descriptor.digest ?? ''}?back=1`;
      response.writeHead(307, { location: back }).end();
    },
    act: pullBlob,
    outcome: 'ERR_OCI_UNAUTHORIZED',
    visits: 1,
  },
];

const uploads: readonly Way[] = [
  {
    name: 'an upload is sent to another origin by Location',
    answer: says('upload', (home) => ({ location: `${home.stranger.origin}/upload?X-Amz-Signature=${signature}` })),
    stranger: () => (_, response) => response.writeHead(201).end(),
    act: pushBlob,
    outcome: 'fine',
    visits: 1,
  },
  {
    name: 'an upload sent to another origin is asked for a password there',
    answer: says('upload', (home) => ({ location: `${home.stranger.origin}/upload?X-Amz-Signature=${signature}` })),
    stranger: () => (_, response) => response.writeHead(401, { 'www-authenticate': 'Basic realm="home"' }).end(),
    act: pushBlob,
    outcome: 'ERR_OCI_UNAUTHORIZED',
    visits: 1,
  },
  {
    name: 'an upload is redirected with its body',
    answer: sends('upload', 307, 'PUT'),
    act: pushBlob,
    outcome: 'ERR_OCI_REDIRECT_REFUSED',
    visits: 0,
  },
  {
    name: 'a manifest that is pushed is redirected with its body',
    answer: sends('manifest', 307, 'PUT'),
    act: async (home) => {
      const pusher = await home.resolver.pusher(home.reference);
      return await pusher.push(home.image.descriptor, home.image.manifest);
    },
    outcome: 'ERR_OCI_REDIRECT_REFUSED',
    visits: 0,
  },
  {
    name: 'a mount opens an upload session at another origin',
    answer: says('upload', (home) => ({ location: `${home.stranger.origin}/upload` }), 202),
    act: mount,
    outcome: 'fine',
    visits: 0,
  },
  {
    name: 'a mount says that the blob is at another origin now',
    answer: says('upload', (home) => ({ location: `${home.stranger.origin}/blob` }), 201),
    act: mount,
    outcome: 'fine',
    visits: 0,
  },
];

const links: readonly Way[] = [
  {
    name: 'the next page of referrers is at another origin',
    answer: says('referrers', (home) => ({ link: `<${home.stranger.origin}/v2/x?sig=${signature}>; rel="next"` })),
    act: list,
    outcome: 'ERR_OCI_BAD_LINK',
    visits: 0,
  },
  {
    name: 'the next page of tags is at another origin',
    resolver: options({ legacyTags: true }),
    answer: says('tags', (home) => ({ link: `<${home.stranger.origin}/v2/x?sig=${signature}>; rel="next"` })),
    act: list,
    outcome: 'ERR_OCI_BAD_LINK',
    visits: 0,
  },
  {
    name: 'a cookie is set',
    answer: (_, right) => ({ ...right, headers: { ...right.headers, 'set-cookie': `session=${signature}; Path=/` } }),
    act: list,
    outcome: 'fine',
    visits: 0,
  },
];

const tokenServices: readonly Way[] = [
  {
    name: 'the token service is at another origin, which is allowed',
    answer: challenges((home) => `Bearer realm="${home.stranger.origin}/token",service="s"`),
    stranger: () => (_, response) => response.end('{"token":"of-a-stranger"}'),
    act: resolve,
    outcome: 'ERR_OCI_UNAUTHORIZED',
    visits: 4,
    mayGet: 'login',
  },
  {
    name: 'the token service is none of those that are allowed',
    resolver: options({ tokenRealms: ['auth.example.com'] }),
    answer: challenges((home) => `Bearer realm="${home.stranger.origin}/token"`),
    act: resolve,
    outcome: REFUSED,
    visits: 0,
  },
  {
    name: 'the token service is on another name for this host, and only its own is allowed',
    resolver: options({ tokenRealms: 'same-host' }),
    answer: challenges((home) => `Bearer realm="${home.stranger.origin.replace('127.0.0.1', 'localhost')}/token"`),
    act: resolve,
    outcome: REFUSED,
    visits: 0,
  },
  {
    name: 'the token service has a user in its URL',
    answer: challenges((home) => `Bearer realm="${home.stranger.origin.replace('//', '//u:p@')}/token"`),
    act: resolve,
    outcome: REFUSED,
    visits: 0,
  },
  {
    name: 'the token service is where cloud machines keep their secrets',
    answer: challenges(() => 'Bearer realm="http://169.254.169.254/latest/meta-data"'),
    act: resolve,
    outcome: REFUSED,
    visits: 0,
  },
  {
    name: 'the token service hands the login on to another origin',
    answer: (request, right, home) =>
      request.endpoint === 'token' ? { status: 307, headers: { location: `${home.stranger.origin}/token` } } : right,
    act: resolve,
    outcome: REFUSED,
    visits: 0,
  },
  {
    name: 'the token service asks for the password again, in its own name',
    answer: (request, right) =>
      request.endpoint === 'token'
        ? { status: 401, headers: { 'www-authenticate': 'Bearer realm="http://127.0.0.1:1/"' } }
        : right,
    act: resolve,
    outcome: 'ERR_OCI_UNAUTHORIZED',
    visits: 0,
  },
  {
    name: 'the token service gives a token that breaks out of its header',
    answer: (request, right) =>
      request.endpoint === 'token' ? { ...right, body: Buffer.from('{"token":"T\\r\\nX-Evil: 1"}') } : right,
    act: resolve,
    outcome: 'ERR_OCI_BAD_SCHEMA',
    visits: 0,
  },
];

const overTls: HomeSetting = {
  registry: { tls: testCertificate },
  resolver: ({ registry }) => ({
    tls: { [registry.host]: { ca: testCertificate.cert } },
    hosts: (host) => [{ host, scheme: 'https', capabilities: ['resolve', 'pull', 'push', 'referrers'] }],
  }),
};
const downgrades: readonly Way[] = [
  {
    ...overTls,
    name: 'a registry with TLS names a token service without',
    answer: challenges((home) => `Bearer realm="${home.stranger.origin}/token"`),
    act: resolve,
    outcome: REFUSED,
    visits: 0,
  },
  {
    ...overTls,
    name: 'a registry with TLS redirects to a store without',
    answer: sends('blob'),
    act: pullBlob,
    outcome: 'ERR_OCI_REDIRECT_REFUSED',
    visits: 0,
  },
  {
    ...overTls,
    name: 'a registry with TLS wants uploads without',
    answer: says('upload', (home) => ({ location: `${home.stranger.origin}/upload` })),
    act: pushBlob,
    outcome: 'ERR_OCI_BAD_HEADER',
    visits: 0,
  },
];

const login = `${account.username}:${account.password}`;

/** What the registry says about the secret it was given: to its own client, which prints it. */
const echoes: readonly Way[] = [
  {
    name: 'the registry repeats the token in its error',
    answer: (request, right) => {
      const { authorization } = request.headers;
      if (authorization === undefined || request.endpoint === 'token') return right;
      const message = `the header Authorization: ${authorization} is not good enough`;
      return { status: 403, headers: {}, body: Buffer.from(JSON.stringify({ errors: [{ code: 'DENIED', message }] })) };
    },
    act: resolve,
    outcome: 'ERR_OCI_DENIED',
    visits: 0,
  },
  {
    name: 'the registry repeats the token in a warning',
    answer: (request, right) => {
      const { authorization } = request.headers;
      return authorization === undefined
        ? right
        : { ...right, headers: { ...right.headers, warning: `299 - "do not use ${authorization} any more"` } };
    },
    act: resolve,
    outcome: 'fine',
    visits: 0,
  },
  {
    name: 'the token service repeats the login in its error',
    answer: (request, right) =>
      request.endpoint === 'token'
        ? { status: 401, headers: {}, body: Buffer.from(`bad login: ${request.headers['authorization'] ?? ''}`) }
        : right,
    act: resolve,
    outcome: 'ERR_OCI_UNAUTHORIZED',
    visits: 0,
  },
  {
    name: 'the registry writes the signature of a URL into a Location that is none',
    answer: (request, right) =>
      request.endpoint === 'blob'
        ? { status: 307, headers: { location: `http://[?X-Amz-Signature=${signature}` } }
        : right,
    act: pullBlob,
    outcome: 'ERR_OCI_BAD_HEADER',
    visits: 0,
  },
  {
    name: 'the registry writes the signature of a URL into a Link that is none',
    answer: says('referrers', () => ({ link: `<http://[?X-Amz-Signature=${signature}>; rel="next"` })),
    act: list,
    outcome: 'ERR_OCI_BAD_LINK',
    visits: 0,
  },
  {
    name: 'the registry writes a secret into a realm that is no URL',
    answer: challenges(() => `Bearer realm="/token?login=${encodeURIComponent(login)}&sig=${signature}"`),
    act: resolve,
    outcome: REFUSED,
    visits: 0,
  },
];

/** Every way this suite goes. */
export const ways: readonly Way[] = [...redirects, ...uploads, ...links, ...tokenServices, ...downgrades, ...echoes];
