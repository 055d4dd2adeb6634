/** What is known about the referrers API of one repository on one host. */
export type ReferrersCapability = 'supported' | 'unsupported';

const maxEntries = 10_000;
/** How long a manifest that was seen counts as being there, and a denial of the API as recent. */
const memoryMs = 300_000;

/**
 * Remembers what registries said about themselves, per host and repository.
 *
 * @remarks Only definite answers get here: a fault, or an answer that merely suggests something, is never remembered. What
 * decides that a list is empty expires; that the API was there once does not, because its absence is then suspicious.
 */
export class CapabilityCache {
  readonly #ttlMs: number;
  readonly #entries = new Map<string, { readonly capability: ReferrersCapability; readonly until: number }>();
  readonly #subjects = new Map<string, number>();
  readonly #seen = new Map<string, true>();
  readonly #denied = new Map<string, number>();
  readonly #wholeOnly = new Map<string, true>();

  constructor(ttlMs: number) {
    this.#ttlMs = ttlMs;
  }

  get(repositoryKey: string): ReferrersCapability | undefined {
    const entry = this.#entries.get(repositoryKey);
    return entry === undefined || entry.until <= performance.now() ? undefined : entry.capability;
  }

  set(repositoryKey: string, capability: ReferrersCapability): void {
    if (capability === 'supported') remember(this.#seen, repositoryKey, true);
    if (this.#ttlMs > 0) remember(this.#entries, repositoryKey, { capability, until: performance.now() + this.#ttlMs });
  }

  /** Tells whether the API has ever worked there. */
  hasSeenApi(repositoryKey: string): boolean {
    return this.#seen.has(repositoryKey);
  }

  /** Notes that the API was denied and the referrers tag was believed instead. */
  addDenial(repositoryKey: string): void {
    remember(this.#denied, repositoryKey, performance.now() + memoryMs);
  }

  /** Tells whether the API was denied a short time ago; forgets it in any case. */
  takeDenial(repositoryKey: string): boolean {
    const until = this.#denied.get(repositoryKey) ?? 0;
    this.#denied.delete(repositoryKey);
    return until > performance.now();
  }

  /** Notes that a registry refused to take a blob in chunks. */
  addChunkRefusal(repositoryKey: string): void {
    remember(this.#wholeOnly, repositoryKey, true);
  }

  /** Tells whether a registry may be given blobs in chunks, as far as is known. */
  takesChunks(repositoryKey: string): boolean {
    return !this.#wholeOnly.has(repositoryKey);
  }

  /** Notes that a manifest was seen in a repository, which is what confirms an empty tag lookup. */
  addSubject(repositoryKey: string, digest: string): void {
    remember(this.#subjects, `${repositoryKey}@${digest}`, performance.now() + memoryMs);
  }

  hasSubject(repositoryKey: string, digest: string): boolean {
    return (this.#subjects.get(`${repositoryKey}@${digest}`) ?? 0) > performance.now();
  }

  /** Forgets a manifest that is not there any more. */
  deleteSubject(repositoryKey: string, digest: string): void {
    this.#subjects.delete(`${repositoryKey}@${digest}`);
  }
}

/** Keeps an entry, as the latest one; of very many the oldest goes. */
export function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= maxEntries) return;
  const oldest = map.keys().next();
  if (!oldest.done) map.delete(oldest.value);
}
