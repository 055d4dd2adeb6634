import { Readable } from 'node:stream';
import type { TestContent } from '@stellaops/oci-referrers/testing';
import type { AbortableOptions } from '../../src/content/abort.js';
import type { ReferrersList, ReferrersSource } from '../../src/content/sources.js';
import type { Descriptor } from '../../src/oci/descriptor.js';
import { describeReferrer, parseManifest, subjectOf } from '../../src/oci/manifest.js';
import { isManifestType } from '../../src/oci/media-types.js';

/** Gives a stream of its own for some content, or nothing for the rest. */
export type Interceptor = (descriptor: Descriptor, options?: AbortableOptions) => Readable | undefined;

/** A repository in memory: a real source, with content and lists of its own. */
export class MemorySource implements ReferrersSource {
  /** Digest of everything that was fetched, in order. */
  readonly fetched: string[] = [];
  readonly #content = new Map<string, Uint8Array>();
  readonly #referrers = new Map<string, Descriptor[]>();
  readonly #legacy = new Map<string, { tag: string; descriptor: Descriptor }[]>();
  readonly #intercept: Interceptor;

  constructor(contents: readonly TestContent[], intercept: Interceptor = () => undefined) {
    this.#intercept = intercept;
    for (const content of contents) this.add(content);
  }

  /** Takes content in with everything below it; what has a subject is listed for it. */
  add(content: TestContent): void {
    const { descriptor, manifest, blobs, children } = content;
    for (const child of children) this.add(child);
    for (const blob of blobs) this.#content.set(blob.descriptor.digest, blob.bytes);
    this.#content.set(descriptor.digest, manifest);
    if (!isManifestType(descriptor.mediaType)) return;
    const parsed = parseManifest(manifest, descriptor.mediaType, 'a fixture');
    const subject = subjectOf(parsed);
    if (subject === undefined) return;
    const list = this.#referrers.get(subject.digest) ?? [];
    this.#referrers.set(subject.digest, [...list, describeReferrer(descriptor, parsed)]);
  }

  /** Takes an artifact in under one of cosign's older tags. */
  addLegacy(subject: Descriptor, tag: string, content: TestContent): void {
    this.add(content);
    const known = this.#legacy.get(subject.digest) ?? [];
    this.#legacy.set(subject.digest, [...known, { tag, descriptor: content.descriptor }]);
  }

  fetch(descriptor: Descriptor, options?: AbortableOptions): Promise<Readable> {
    this.fetched.push(descriptor.digest);
    const own = this.#intercept(descriptor, options);
    if (own !== undefined) return Promise.resolve(own);
    const bytes = this.#content.get(descriptor.digest);
    if (bytes === undefined) return Promise.reject(new Error(`${descriptor.digest} is not here`));
    return Promise.resolve(Readable.from([bytes]));
  }

  listReferrers(subject: Descriptor): Promise<ReferrersList> {
    return Promise.resolve({
      subject,
      referrers: this.#referrers.get(subject.digest) ?? [],
      source: 'api',
      legacy: this.#legacy.get(subject.digest) ?? [],
      filterAppliedBy: 'none',
      pages: 1,
      host: 'registry.example.com',
      attempts: [],
      warnings: [],
    });
  }
}
