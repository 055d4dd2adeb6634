import type { RegistryCapabilities } from './capabilities.js';
import { remember } from './capability-cache.js';

/** Keeps complete answers of probes, per host and repository; those that wrote apart from those that only read. */
export class ProbeCache {
  readonly #ttlMs: number;
  readonly #entries = new Map<string, { readonly found: RegistryCapabilities; readonly until: number }>();

  constructor(ttlMs: number) {
    this.#ttlMs = ttlMs;
  }

  get(repositoryKey: string, writes: boolean): RegistryCapabilities | undefined {
    const entry = this.#entries.get(keyOf(repositoryKey, writes));
    return entry === undefined || entry.until <= performance.now() ? undefined : entry.found;
  }

  set(repositoryKey: string, writes: boolean, found: RegistryCapabilities): void {
    if (this.#ttlMs === 0) return;
    remember(this.#entries, keyOf(repositoryKey, writes), { found, until: performance.now() + this.#ttlMs });
  }
}

function keyOf(repositoryKey: string, writes: boolean): string {
  return `${writes ? 'write' : 'read'} ${repositoryKey}`;
}
