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

/** An answer that was read whole. */
export interface Answer {
  readonly response: Response;
  readonly body: Buffer;
}

/** The type that bytes of a blob are sent with. */
export const octets = { 'content-type': 'application/octet-stream' } as const;

/** Asks once, and reads the whole answer. */
export async function ask(url: string | URL, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, init);
  return { response, body: Buffer.from(await response.arrayBuffer()) };
}

/** Says where an answer points; the digest ends an upload there. */
export function endOf({ response }: Answer, digest?: string): URL {
  const url = new URL(response.headers.get('location') ?? 'no location', response.url);
  if (digest !== undefined) url.searchParams.set('digest', digest);
  return url;
}

/** Reads the codes of the errors in an answer. */
export function codesOf({ body }: Answer): readonly unknown[] {
  const { errors } = JSON.parse(body.toString()) as { readonly errors: readonly { readonly code: unknown }[] };
  return errors.map(({ code }) => code);
}

/** One repository, spoken to in plain HTTP. */
export class Wire {
  readonly #base: string;

  constructor(origin: string, repository: string) {
    this.#base = `${origin}/v2/${repository}`;
  }

  /** Pushes the blob that every manifest here needs. */
  async pushEmptyBlob(): Promise<void> {
    await this.pushBlob(Buffer.from('{}'));
  }

  /** Pushes a blob by POST and PUT, and returns its digest. */
  async pushBlob(bytes: Buffer, algorithm: DigestAlgorithm = 'sha256'): Promise<string> {
    const digest = digestOf(bytes, algorithm);
    const opened = await ask(this.url('blobs/uploads/'), { method: 'POST' });
    const closed = await ask(endOf(opened, digest), { method: 'PUT', headers: octets, body: bytes });
    if (closed.response.status !== 201) throw new Error(`the blob was answered ${String(closed.response.status)}`);
    return digest;
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

  /** Says where something of this repository is. */
  url(path: string): string {
    return `${this.#base}/${path}`;
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
