import { challengeOf, type FrontDoor } from './front-door.js';

/** Registries the doctor has advice for. */
export type ProductId =
  | 'acr'
  | 'artifactory'
  | 'distribution'
  | 'docker-hub'
  | 'ecr'
  | 'ghcr'
  | 'gitea'
  | 'gitlab'
  | 'google'
  | 'harbor'
  | 'nexus'
  | 'olareg'
  | 'quay'
  | 'unknown'
  | 'zot';

/** What kind of registry answers. */
export interface RegistryProduct {
  readonly id: ProductId;
  /** As its users call it. */
  readonly name: string;
}

const names: Readonly<Record<ProductId, string>> = {
  acr: 'Azure Container Registry',
  artifactory: 'JFrog Artifactory',
  distribution: 'CNCF distribution (registry:2, registry:3, docker-registry)',
  'docker-hub': 'Docker Hub',
  ecr: 'Amazon ECR',
  ghcr: 'GitHub Container Registry',
  gitea: 'Gitea or Forgejo',
  gitlab: 'GitLab container registry',
  google: 'Google Artifact Registry',
  harbor: 'Harbor',
  nexus: 'Sonatype Nexus',
  olareg: 'olareg',
  quay: 'Quay',
  unknown: 'the registry',
  zot: 'zot',
};

const byHost: readonly (readonly [RegExp, ProductId])[] = [
  [/^docker\.io$/, 'docker-hub'],
  [/^ghcr\.io$|\.ghe\.com$/, 'ghcr'],
  [/\.dkr\.ecr(?:-fips)?\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?$|^public\.ecr\.aws$/, 'ecr'],
  [/\.azurecr\.(?:io|cn|us)$/, 'acr'],
  [/\.pkg\.dev$|^(?:[a-z]+\.)?gcr\.io$|^registry\.k8s\.io$/, 'google'],
  [/^quay\.io$/, 'quay'],
  [/^registry\.gitlab\.com$/, 'gitlab'],
  [/\.jfrog\.io$/, 'artifactory'],
  [/^codeberg\.org$/, 'gitea'],
];

/** Headers that only one product sends. */
const byHeader: readonly (readonly [string, ProductId])[] = [
  ['gitlab-container-registry-version', 'gitlab'],
  ['x-jfrog-version', 'artifactory'],
  ['x-artifactory-id', 'artifactory'],
  ['x-github-request-id', 'ghcr'],
  ['x-ms-correlation-request-id', 'acr'],
  ['x-sparse-manifest-support', 'quay'],
];

/** What challenges say of who sends them: realm and service, one after the other. */
const byChallenge: readonly (readonly [RegExp, ProductId])[] = [
  [/harbor/i, 'harbor'],
  [/\/jwt\/auth/, 'gitlab'],
  [/gitea|forgejo/i, 'gitea'],
  [/artifactory/i, 'artifactory'],
  [/ecr\.amazonaws\.com|public\.ecr\.aws/, 'ecr'],
  [/registry\.docker\.io/, 'docker-hub'],
  [/\.azurecr\.io/, 'acr'],
  [/^zot\b/, 'zot'],
  [/olareg/, 'olareg'],
  [/nexus/i, 'nexus'],
];

/**
 * Recognises a registry by its host, its headers, or how it asks who is there; what it says of itself is only a hint.
 *
 * @param registry - as references name it
 */
export function recogniseRegistry(registry: string, door: FrontDoor | undefined): RegistryProduct {
  const host = registry.replace(/:\d+$/, '');
  const id = find(byHost, host) ?? (door === undefined ? undefined : fromAnswer(door)) ?? 'unknown';
  return productOf(id);
}

/** Names a product that was recognised otherwise. */
export function productOf(id: ProductId): RegistryProduct {
  return { id, name: names[id] };
}

function fromAnswer(door: FrontDoor): ProductId | undefined {
  const { headers } = door.answer;
  const byName = byHeader.find(([name]) => headers.get(name) !== undefined)?.[1];
  if (byName !== undefined) return byName;
  const server = headers.get('server') ?? '';
  if (/^Nexus/i.test(server)) return 'nexus';
  const parameters = [challengeOf(door, 'bearer'), challengeOf(door, 'basic')];
  if (parameters.some((one) => one?.get('service') === 'container_registry' && one.get('scope') === '*'))
    return 'gitea';
  const said = parameters.flatMap((one) => [one?.get('realm') ?? '', one?.get('service') ?? '']);
  return said.map((text) => find(byChallenge, text)).find((id) => id !== undefined);
}

function find(table: readonly (readonly [RegExp, ProductId])[], text: string): ProductId | undefined {
  return table.find(([pattern]) => pattern.test(text))?.[1];
}
