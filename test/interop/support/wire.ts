import { type Descriptor, type DigestAlgorithm, digestOf } from '@stellaops/oci-referrers';

/** Media types of the specification, written out: nothing here takes this project's word for them. */
export const ociTypes = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  empty: 'application/vnd.oci.empty.v1+json',
} as const;

/** The config and the layer of everything here. */
export const emptyBlob: Descriptor = { mediaType: ociTypes.empty, digest: digestOf(Buffer.from('{}')), size: 2 };

/** A manifest that was sent, and what the registry answered. */
export interface Sent {
  readonly response: Response;
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
}

/** One page of a list of referrers. */
export interface Page {
  readonly response: Response;
  readonly index: {
    readonly schemaVersion: number;
    readonly mediaType: string;
    readonly manifests: readonly Descriptor[];
  };
  /** Where the next page is; undefined on the last. */
  readonly next: URL | undefined;
}

/** One repository, spoken to in plain HTTP. */
export class Wire {
  readonly #base: string;

  constructor(origin: string, repository: string) {
    this.#base = `${origin}/v2/${repository}`;
  }

  /** Pushes the blob that every manifest here needs. */
  async pushEmptyBlob(): Promise<void> {
    const opened = await fetch(`${this.#base}/blobs/uploads/`, { method: 'POST' });
    const url = new URL(opened.headers.get('location') ?? '', this.#base);
    url.searchParams.set('digest', emptyBlob.digest);
    const headers = { 'content-type': 'application/octet-stream' };
    const closed = await fetch(url, { method: 'PUT', headers, body: Buffer.from('{}') });
    if (closed.status !== 201) throw new Error(`the blob was answered ${String(closed.status)}`);
  }

  /** Puts a manifest under its digest: an image manifest with an empty config and layer, unless fields say otherwise. */
  async put(fields: Readonly<Record<string, unknown>>, algorithm: DigestAlgorithm = 'sha256'): Promise<Sent> {
    const manifest = {
      schemaVersion: 2,
      mediaType: ociTypes.manifest,
      config: emptyBlob,
      layers: [emptyBlob],
      ...fields,
    };
    const bytes = Buffer.from(JSON.stringify(manifest));
    const digest = digestOf(bytes, algorithm);
    const headers = { 'content-type': manifest.mediaType };
    const response = await fetch(this.manifestUrl(digest), { method: 'PUT', headers, body: bytes });
    await response.arrayBuffer();
    return { response, descriptor: { mediaType: manifest.mediaType, digest, size: bytes.length }, bytes };
  }

  /** Asks for a page of what refers to a digest. */
  async page(target: string | URL): Promise<Page> {
    const response = await fetch(target instanceof URL ? target : `${this.#base}/referrers/${target}`);
    if (response.status !== 200) throw new Error(`the list was answered ${String(response.status)}`);
    const index = (await response.json()) as Page['index'];
    const link = /<([^>]+)>\s*;\s*rel="?next"?/.exec(response.headers.get('link') ?? '')?.[1];
    return { response, index, next: link === undefined ? undefined : new URL(link, response.url) };
  }

  /** Asks for what refers to a digest, every page. */
  async list(target: string): Promise<readonly Descriptor[]> {
    const found: Descriptor[] = [];
    for (let page: Page | undefined = await this.page(target); page; ) {
      found.push(...page.index.manifests);
      page = page.next === undefined ? undefined : await this.page(page.next);
    }
    return found;
  }

  /** Says where a manifest is. */
  manifestUrl(reference: string): string {
    return `${this.#base}/manifests/${reference}`;
  }

  /** Says where the list of what refers to a digest is. */
  referrersUrl(digest: string): string {
    return `${this.#base}/referrers/${digest}`;
  }
}
