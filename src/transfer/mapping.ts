import { ArgumentError, BundleError } from '../errors/index.js';
import { formatReference, isRegistryHost, isRepositoryName, parseReference, type Reference } from '../oci/reference.js';

/** Where images go. */
export interface MappingOptions {
  /** `REGISTRY[/PREFIX]` for everything without a rule of its own; the repository is kept below it. */
  readonly to?: string | undefined;
  /** Repositories that go elsewhere: `REGISTRY/REPOSITORY` of the source to `REGISTRY/REPOSITORY` of the target. */
  readonly map?: Readonly<Record<string, string>> | undefined;
}

/**
 * Finds the target of every image before anything is pushed.
 *
 * @returns one target per source, in the same order; the tag is kept, a source without a tag has none
 * @throws {@link ArgumentError} `ERR_OCI_INVALID_OPTION` for a rule that cannot work, {@link BundleError}
 * `ERR_OCI_TRANSFER_REFUSED` when two repositories would land on one name, an image has no target, or a rule no image
 */
export function mapReferences(sources: readonly Reference[], options: MappingOptions): readonly Reference[] {
  const rules = new Map(
    Object.entries(options.map ?? {}).map(([from, to]) => [nameOf(repositoryOf(from, 'map')), targetOf(to)]),
  );
  const base = options.to === undefined ? undefined : parseBase(options.to);
  assertUsed(rules, sources);
  const owners = new Map<string, string>();
  const taken = new Map<string, string>();
  return sources.map((source) => {
    const target = rules.get(nameOf(source)) ?? underBase(source, base);
    const owner = owners.get(nameOf(target)) ?? nameOf(source);
    owners.set(nameOf(target), owner);
    if (owner !== nameOf(source)) {
      throw new BundleError(
        'ERR_OCI_TRANSFER_REFUSED',
        `${owner} and ${nameOf(source)} would both become ${nameOf(target)}`,
        {
          hint: `give one of them another name: --map ${nameOf(source)}=REGISTRY/REPOSITORY`,
        },
      );
    }
    const mapped = { registry: target.registry, repository: target.repository, tag: source.tag, digest: undefined };
    assertFree(taken, source, mapped);
    return mapped;
  });
}

/** A rule with a misspelt source would send that repository where everything else goes. */
function assertUsed(rules: ReadonlyMap<string, Reference>, sources: readonly Reference[]): void {
  const names = new Set(sources.map(nameOf));
  const unused = [...rules.keys()].find((from) => !names.has(from));
  if (unused === undefined) return;
  const some = [...names].slice(0, 5).join(', ');
  throw new BundleError('ERR_OCI_TRANSFER_REFUSED', `there is a rule for ${unused}, and no image of that repository`, {
    hint: `correct the rule (map, --map) or leave it out; the images are of ${some}${names.size > 5 ? ', …' : ''}`,
  });
}

function assertFree(taken: Map<string, string>, source: Reference, target: Reference): void {
  if (target.tag === undefined) return;
  const name = formatReference(target);
  const other = taken.get(name);
  taken.set(name, formatReference(source));
  if (other === undefined) return;
  throw new BundleError(
    'ERR_OCI_TRANSFER_REFUSED',
    `${other} and ${formatReference(source)} would both become ${name}`,
    {
      hint: 'one of them can be exported and imported on its own',
    },
  );
}

function underBase(source: Reference, base: { registry: string; prefix: string } | undefined): Reference {
  if (base === undefined) {
    throw new BundleError('ERR_OCI_TRANSFER_REFUSED', `${formatReference(source)} has no target`, {
      hint: 'name a registry for everything (--to REGISTRY), or this repository (--map FROM=TO)',
    });
  }
  return { registry: base.registry, repository: base.prefix + source.repository };
}

function parseBase(to: string): { registry: string; prefix: string } {
  const slash = to.indexOf('/');
  const registry = (slash < 0 ? to : to.slice(0, slash)).toLowerCase();
  const prefix = slash < 0 ? '' : to.slice(slash + 1).replace(/\/+$/, '');
  if (isRegistryHost(registry) && (prefix === '' || isRepositoryName(prefix))) {
    const host = parseReference(`${registry}/name`).registry;
    if (isImplied(host, registry)) throw noHost('to', to, registry);
    return { registry: host, prefix: prefix === '' ? '' : `${prefix}/` };
  }
  throw new ArgumentError(
    'ERR_OCI_INVALID_OPTION',
    `option to: ${JSON.stringify(to)} is not REGISTRY or REGISTRY/PREFIX`,
    {
      argument: 'to',
      hint: 'write the target registry as HOST[:PORT], with a lower-case path below it if wanted',
    },
  );
}

/** In a reference `mirror/app` is Docker Hub's `mirror/app`: such a name must not decide where images are pushed. */
function noHost(argument: string, text: string, name: string): ArgumentError {
  const hint = `a host without a dot needs its port (${name}:443), Docker Hub is docker.io/${name}`;
  return new ArgumentError(
    'ERR_OCI_INVALID_OPTION',
    `option ${argument}: ${JSON.stringify(text)} begins with no registry`,
    { argument, hint: argument === 'to' ? `${hint}, a directory is oci:${name}` : hint },
  );
}

function isImplied(registry: string, name: string): boolean {
  return registry === 'docker.io' && !name.endsWith('docker.io');
}

function targetOf(text: string): Reference {
  const target = repositoryOf(text, 'map');
  const first = text.slice(0, Math.max(0, text.indexOf('/'))).toLowerCase();
  if (isImplied(target.registry, first)) throw noHost('map', text, first === '' ? text : first);
  return target;
}

function repositoryOf(text: string, argument: string): Reference {
  const reference = parseReference(text, argument);
  const isName = reference.digest === undefined && !text.slice(text.lastIndexOf('/')).includes(':');
  if (isName) return { registry: reference.registry, repository: reference.repository };
  throw new ArgumentError('ERR_OCI_INVALID_OPTION', `option ${argument}: ${JSON.stringify(text)} has a tag or digest`, {
    argument,
    hint: 'rules map whole repositories: REGISTRY/REPOSITORY=REGISTRY/REPOSITORY',
  });
}

function nameOf({ registry, repository }: Reference): string {
  return `${registry}/${repository}`;
}
