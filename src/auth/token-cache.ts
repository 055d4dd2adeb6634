import type { RegistryToken } from './token-answer.js';

const maxTokens = 1_000;

/** Tokens of one registry by what they are for, as `Authorization` values. */
export class TokenCache {
  readonly #tokens = new Map<string, { readonly header: string; readonly expiresAtMs: number }>();

  /** Finds a token that has not expired. */
  get(key: string): string | undefined {
    const found = this.#tokens.get(key);
    if (found === undefined) return undefined;
    if (Date.now() < found.expiresAtMs) return found.header;
    this.#tokens.delete(key);
    return undefined;
  }

  /** Keeps a fetched token until it expires; the oldest goes when there are too many. */
  set(key: string, token: RegistryToken): string {
    return this.#put(key, token.value, token.expiresAtMs);
  }

  /** Keeps a token the caller gave, which lasts for as long as the registry takes it. */
  setGiven(key: string, token: string): string {
    return this.#put(key, token, Number.POSITIVE_INFINITY);
  }

  /** Forgets a refused token, and tells where it came from. */
  drop(header: string): 'fetched' | 'given' | 'unknown' {
    let from: 'fetched' | 'given' | 'unknown' = 'unknown';
    for (const [key, token] of this.#tokens) {
      if (token.header !== header) continue;
      from = token.expiresAtMs === Number.POSITIVE_INFINITY ? 'given' : 'fetched';
      this.#tokens.delete(key);
    }
    return from;
  }

  #put(key: string, token: string, expiresAtMs: number): string {
    const oldest = this.#tokens.keys().next();
    if (this.#tokens.size >= maxTokens && oldest.done !== true) this.#tokens.delete(oldest.value);
    const header = `Bearer ${token}`;
    this.#tokens.set(key, { header, expiresAtMs });
    return header;
  }
}
