import { ArgumentError } from '../errors/index.js';
import { isDigest } from './digest.js';

/** A parsed image reference. */
export interface Reference {
  /** `host` or `host:port`, in lower case; `docker.io` for Docker Hub. */
  readonly registry: string;
  /** Path inside the registry, such as `library/alpine`. */
  readonly repository: string;
  /** Tag; absent when the reference has a digest and no tag. */
  readonly tag?: string | undefined;
  /** Digest that pins the reference; it wins over the tag. */
  readonly digest?: string | undefined;
}

const hostPattern = /^(?:\[[0-9a-fA-F:.]{2,45}\]|[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?)(?::[1-9][0-9]{0,4})?$/;
const componentPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const maxReferenceLength = 1024;
const maxNameLength = 255;

/** Tells whether a text is a legal repository name (distribution-spec v1.1.1, `<name>`). */
export function isRepositoryName(text: string): boolean {
  return (
    text.length > 0 && text.length <= maxNameLength && text.split('/').every((part) => componentPattern.test(part))
  );
}

/** Tells whether a text is a legal tag (distribution-spec v1.1.1). */
export function isTag(text: string): boolean {
  return tagPattern.test(text);
}

/** Tells whether a text is a registry as a reference names it, `host` or `host:port`, and can stand in a URL. */
export function isRegistryHost(text: string): boolean {
  // A URL has rules of its own: ports end at 65535, 256.0.0.1 is no name, brackets hold an address.
  return hostPattern.test(text) && URL.canParse(`https://${text}`);
}

/** A user name or password, as URLs have them; a port is none, nor is what stands before a digest. */
const loginPattern = /^(?:[a-z][a-z0-9+.-]*:\/\/[^@]*|[^@:/]+:(?!\d{1,5}[/@])[^@]*)@(?!sha\d+:)/i;

/**
 * Parses an image reference the way Docker and containerd users write it.
 *
 * @remarks A first component without a dot, a colon or the name `localhost` belongs to Docker Hub, where one-component
 * names live under `library/`. A host has one spelling, in lower case. Without tag and digest the tag is `latest`.
 * @param text - such as `registry.example.com/team/app:1.2` or `alpine@sha256:…`; at most 1,024 characters
 * @param argument - the name to blame in the error
 * @throws {@link ArgumentError} `ERR_OCI_INVALID_REFERENCE`, saying which part is wrong; it never repeats a user name or
 * password
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
 */
export function parseReference(text: string, argument = 'reference'): Reference {
  const fail = (reason: string, hint?: string): never => {
    // What follows is no part of a reference, and may be a token.
    const named = text.replace(/[?#].*$/s, '…');
    const shown = named.length > 200 ? `${named.slice(0, 200)}…` : named;
    throw new ArgumentError('ERR_OCI_INVALID_REFERENCE', `${argument} ${JSON.stringify(shown)} ${reason}`, {
      argument,
      hint: hint ?? 'write HOST[:PORT]/REPOSITORY:TAG or HOST[:PORT]/REPOSITORY@sha256:DIGEST',
    });
  };
  if (loginPattern.test(text)) {
    throw new ArgumentError(
      'ERR_OCI_INVALID_REFERENCE',
      `${argument} has an @ that no digest follows, as a URL with a user name and password has; it is not repeated here`,
      {
        argument,
        hint: 'write HOST[:PORT]/REPOSITORY:TAG or HOST[:PORT]/REPOSITORY@sha256:DIGEST; credentials are given by themselves',
      },
    );
  }
  if (text.length === 0) fail('is empty');
  if (text.length > maxReferenceLength) fail(`is longer than ${maxReferenceLength} characters`);
  if (text.includes('://')) fail('has a scheme', 'leave out the scheme; --plain-http chooses HTTP');

  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : text.slice(at + 1);
  if (digest !== undefined && !isDigest(digest)) fail('has a digest that is not sha256 or sha512 in lower-case hex');

  const named = at < 0 ? text : text.slice(0, at);
  const slash = named.indexOf('/');
  const colon = named.lastIndexOf(':');
  const hasTag = colon > named.lastIndexOf('/') && !(slash < 0 && named.startsWith('['));
  const tag = hasTag ? named.slice(colon + 1) : undefined;
  if (tag !== undefined && !isTag(tag)) fail('has a tag that is not a legal tag');

  const { registry, repository } = splitName(hasTag ? named.slice(0, colon) : named);
  if (!isRegistryHost(registry)) fail('has a registry that is not HOST or HOST:PORT');
  if (!isRepositoryName(repository)) {
    const lower = repository.toLowerCase();
    const hint =
      lower !== repository && isRepositoryName(lower) ? `repository names are lower-case: ${lower}` : undefined;
    fail('has a repository that is not a legal name', hint);
  }
  return { registry, repository, tag: tag ?? (digest === undefined ? 'latest' : undefined), digest };
}

/** Writes a reference out in full: registry, repository, tag and digest, as far as they are there. */
export function formatReference(reference: Reference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`;
  return `${reference.registry}/${reference.repository}${tag}${digest}`;
}

function splitName(name: string): { registry: string; repository: string } {
  const slash = name.indexOf('/');
  // One host is one registry, however it is written: one login, one directory of hosts, one connection.
  const first = slash < 0 ? '' : name.slice(0, slash).toLowerCase();
  if (first !== '' && (/[.:[]/.test(first) || first === 'localhost')) {
    const registry = first === 'index.docker.io' || first === 'registry-1.docker.io' ? 'docker.io' : first;
    const rest = name.slice(slash + 1);
    return { registry, repository: registry === 'docker.io' && !rest.includes('/') ? `library/${rest}` : rest };
  }
  return { registry: 'docker.io', repository: name.includes('/') ? name : `library/${name}` };
}
