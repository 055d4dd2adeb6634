/** What is known about the referrers API of one repository on one host. */
export type ReferrersCapability = 'supported' | 'unsupported';

const maxEntries = 10_000;

/**
 * Remembers confirmed answers about the referrers API, per host and repository, for a limited time.
 *
 * @remarks A fault never gets here: a registry that was slow once must not be "without referrers" for minutes.
 */
export class CapabilityCache {
  readonly #ttlMs: number;
  readonly #entries = new Map<string, { readonly capability: ReferrersCapability; readonly until: number }>();
  readonly #subjects = new Map<string, true>();

  constructor(ttlMs: number) {
    this.#ttlMs = ttlMs;
  }

  get(repositoryKey: string): ReferrersCapability | undefined {
    const entry = this.#entries.get(repositoryKey);
    if (entry === undefined || entry.until <= performance.now()) return undefined;
    return entry.capability;
  }

  set(repositoryKey: string, capability: ReferrersCapability): void {
    if (this.#ttlMs === 0) return;
    remember(this.#entries, repositoryKey, { capability, until: performance.now() + this.#ttlMs });
  }

  /** Notes that a manifest was seen in a repository, which is what confirms an empty tag lookup. */
  addSubject(repositoryKey: string, digest: string): void {
    remember(this.#subjects, `${repositoryKey}@${digest}`, true);
  }

  hasSubject(repositoryKey: string, digest: string): boolean {
    return this.#subjects.has(`${repositoryKey}@${digest}`);
  }

  /** Forgets a manifest that was deleted. */
  deleteSubject(repositoryKey: string, digest: string): void {
    this.#subjects.delete(`${repositoryKey}@${digest}`);
  }
}

function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= maxEntries) return;
  const oldest = map.keys().next();
  if (!oldest.done) map.delete(oldest.value);
}
