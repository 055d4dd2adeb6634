import { createResolver, type Resolver, type ResolverOptions } from '@stellaops/oci-referrers';
import {
  buildArtifact,
  buildImage,
  type InterceptedRequest,
  type RegistryAnswer,
  startRegistry,
  type TestContent,
  type TestRegistry,
  type TestRegistryOptions,
} from '@stellaops/oci-referrers/testing';
import { account, apiKey, findSecrets } from './secrets.js';
import { type Stranger, type StrangerHandler, startStranger } from './stranger.js';

export const repository = 'team/app';
export const sbomType = 'application/vnd.cyclonedx+json';

/** A registry that knows every kind of secret, a stranger, and a client that talks to the registry. */
export interface Home extends AsyncDisposable {
  readonly registry: TestRegistry;
  readonly stranger: Stranger;
  readonly resolver: Resolver;
  readonly reference: string;
  readonly image: TestContent;
  readonly sbom: TestContent;
  /** The secrets so far: what was configured, and every token that was issued. */
  readonly secrets: ReadonlySet<string>;
  /** What was logged, at any level, and every warning that was passed on. */
  readonly said: readonly string[];
  /** Lets the registry give its answer by way of the stranger: the redirect to it. */
  redirect(answer: RegistryAnswer, status?: number, query?: string): RegistryAnswer;
}

/** How one home differs from the others. */
export interface HomeSetting {
  readonly registry?: Omit<TestRegistryOptions, 'rewrite'> | undefined;
  readonly resolver?: ((home: { registry: TestRegistry; stranger: Stranger }) => ResolverOptions) | undefined;
  /** What the registry answers in place of its own answer. */
  readonly answer?: ((request: InterceptedRequest, right: RegistryAnswer, home: Home) => RegistryAnswer) | undefined;
  readonly stranger?: ((home: () => Home) => StrangerHandler) | undefined;
}

/** Starts both servers with an image and its SBOM; the caller disposes the home. */
export async function openHome(setting: HomeSetting = {}): Promise<Home> {
  const opened: { home?: Home } = {};
  const homeOf = (): Home => {
    if (opened.home === undefined) throw new TypeError('a request before the home was set');
    return opened.home;
  };
  const secrets = new Set([account.password, `${account.username}:${account.password}`, apiKey]);
  const said: string[] = [];
  const stranger = await startStranger({ handle: setting.stranger?.(homeOf) });
  const registry = await startRegistry({
    auth: { type: 'bearer', ...account },
    ...setting.registry,
    rewrite: (request, right) => {
      if (request.endpoint === 'token' && right.status === 200) secrets.add(tokenIn(right));
      return setting.answer?.(request, right, homeOf()) ?? right;
    },
  });
  const log = (message: string): void => void said.push(message);
  const resolver = createResolver({
    retry: 0,
    credentials: (host) => (host === registry.host ? account : { anonymous: true }),
    headers: { [registry.host]: { 'X-Api-Key': apiKey } },
    logger: { debug: log, info: log, warn: log, error: log },
    onWarning: ({ text }) => void said.push(text),
    ...setting.resolver?.({ registry, stranger }),
  });
  const image = buildImage();
  registry.store.add(repository, image, { tag: 'v1' });
  const sbom = buildArtifact({
    artifactType: sbomType,
    subject: image.descriptor,
    content: '{"bomFormat":"CycloneDX"}',
  });
  registry.store.add(repository, sbom);
  const home: Home = {
    registry,
    stranger,
    resolver,
    reference: `${registry.host}/${repository}:v1`,
    image,
    sbom,
    secrets,
    said,
    redirect: (answer, status = 307, query = '') => ({ status, headers: { location: stranger.park(answer, query) } }),
    async [Symbol.asyncDispose]() {
      await resolver.close();
      await Promise.all([registry.close(), stranger[Symbol.asyncDispose]()]);
    },
  };
  opened.home = home;
  return home;
}

function tokenIn({ body }: RegistryAnswer): string {
  return (JSON.parse(Buffer.from(body ?? []).toString()) as { token: string }).token;
}

/** Names what the registry itself was told in a wrong place: a secret belongs into two headers and nowhere else. */
export function misplacedAtHome({ registry, secrets }: Home): string[] {
  return registry.requests.flatMap(({ method, url, headers, endpoint }) => {
    const others = Object.entries(headers).filter(([name]) => name !== 'authorization' && name !== 'x-api-key');
    const wrong = findSecrets(`${url} ${JSON.stringify(others)}`, secrets);
    const expected = endpoint === 'token' ? /^Basic / : /^Bearer /;
    const { authorization, 'x-api-key': key } = headers;
    if (authorization !== undefined && !expected.test(authorization)) wrong.push('the wrong kind of Authorization');
    if (endpoint === 'token' && key !== undefined) wrong.push('X-Api-Key at the token service');
    return wrong.map((what) => `${method} ${url}: ${what}`);
  });
}
