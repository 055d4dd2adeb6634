import type { StoppableOptions } from '../content/abort.js';
import type { ByteLimit } from '../content/read.js';
import type { RegistryError } from '../errors/index.js';
import { errorFromBytes } from '../http/response-error.js';
import type { BufferedResponse, HttpClient, RegistryRequest, RegistryResponse } from '../http/types.js';
import { manifestAccept, mediaTypes } from '../oci/media-types.js';
import type { Reference } from '../oci/reference.js';
import { canonicalHost, type RegistryHost } from './hosts.js';

type Call = StoppableOptions &
  Partial<Pick<RegistryRequest, 'headers' | 'body' | 'bodySize' | 'kind' | 'scopes' | 'once' | 'anonymous'>>;

/** One repository on one host: knows its URLs and the scopes they need, and nothing about what answers mean. */
export class Repository {
  readonly client: HttpClient;
  readonly host: RegistryHost;
  /** Registry and repository as the reference names them. */
  readonly reference: Reference;
  /** Key of what is known about this repository at this host. */
  readonly key: string;
  /** True for the registry itself and for mirrors that may speak alone. */
  readonly isAuthoritative: boolean;
  readonly #api: string;
  readonly #base: string;
  readonly #namespace: string | undefined;

  constructor(client: HttpClient, host: RegistryHost, reference: Reference) {
    this.client = client;
    this.host = host;
    this.reference = reference;
    const path = (host.path ?? '/v2').replace(/\/+$/, '');
    this.#api = `${client.origin}${path}/`;
    this.#base = `${this.#api}${reference.repository}`;
    const isRegistry = host.host === canonicalHost(reference.registry);
    // containerd tells a mirror with `ns` which registry it stands for.
    this.#namespace = isRegistry ? undefined : reference.registry;
    this.key = `${this.#base} ${this.#namespace ?? ''}`;
    this.isAuthoritative = host.authoritative ?? isRegistry;
  }

  get name(): string {
    return this.reference.repository;
  }

  /** The root of the registry's API, `/v2/`. */
  get baseUrl(): URL {
    return this.withNamespace(new URL(this.#api));
  }

  url(...segments: string[]): URL {
    return this.withNamespace(
      new URL(`${this.#base}/${segments.map(encodeURIComponent).join('/').replaceAll('%3A', ':')}`),
    );
  }

  /** Tells a mirror which registry is meant, also with the links it gives itself. */
  withNamespace(url: URL): URL {
    if (this.#namespace !== undefined) url.searchParams.set('ns', this.#namespace);
    return url;
  }

  /** Asks for a manifest by tag or digest. */
  manifest(method: 'GET' | 'HEAD', reference: string, bound: ByteLimit, options: Call): Promise<BufferedResponse> {
    return this.read(method, this.url('manifests', reference), bound, {
      headers: { accept: manifestAccept },
      ...options,
    });
  }

  /** Asks for one page of the list of referrers. */
  referrersPage(url: URL, bound: ByteLimit, options: Call): Promise<BufferedResponse> {
    return this.read('GET', url, bound, { headers: { accept: mediaTypes.ociIndex }, ...options });
  }

  referrersUrl(digest: string, artifactType: string | undefined): URL {
    const url = this.url('referrers', digest);
    if (artifactType !== undefined) url.searchParams.set('artifactType', artifactType);
    return url;
  }

  /** Sends a metadata request and reads its body. */
  read(method: RegistryRequest['method'], url: URL, bound: ByteLimit, options: Call): Promise<BufferedResponse> {
    return this.client.requestBytes({ method, url, scopes: [this.scope('pull')], kind: 'metadata', ...options }, bound);
  }

  /** Sends a request and hands over the body. */
  open(method: RegistryRequest['method'], url: URL, options: Call): Promise<RegistryResponse> {
    return this.client.request({ method, url, scopes: [this.scope('pull')], kind: 'blob', ...options });
  }

  scope(actions: 'pull' | 'pull,push' | 'delete'): string {
    return `repository:${this.name}:${actions}`;
  }

  /** Makes the error for an answer that means no. */
  refused(answer: BufferedResponse, operation: string, what: string): RegistryError {
    return errorFromBytes(answer, operation, `${what} of ${this.name}`);
  }

  /** Names something of this repository in a message. */
  describe(what: string): string {
    return `${what} of ${this.host.host}/${this.name}`;
  }
}
