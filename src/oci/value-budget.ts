/** What a JSON text has too much of. */
export interface ValueExcess {
  readonly what: string;
  readonly limitName: string;
  readonly limit: number;
}

/**
 * Commas and opening brackets outside strings, so that megabytes of `[],[],…` do not become a gigabyte of objects: in
 * `bundle.json`, in `index.json`, and in all manifests together.
 *
 * A record in canonical form has 50 bytes to each of them: one that is as large as it may be has no more. They are also the
 * manifests of an image layout with 10,000 images of ten layers.
 */
const maxValues = 500_000;
/**
 * The same in `bundle.json` and all manifests together: 6,000 artifacts of one image, or 3,000 images with ten layers.
 * What is made of so many takes 250 MiB to validate.
 */
const maxBundleValues = 380_000;
/** Keys of one object: a referrer's annotations have the most, 1,000. A million keys in one object cost ten seconds. */
const maxKeys = 1_000;

/** Counts what JSON texts would become in memory, before anything is parsed. */
export class ValueBudget {
  readonly #most: number;
  #left: number;

  /** @param left - what others have left of it */
  constructor(most: number = maxValues, left: number = most) {
    this.#most = most;
    this.#left = left;
  }

  /** Makes the budget for all manifests of a bundle out of what its record, taken in here, has left of the whole. */
  forManifests(): ValueBudget {
    const used = this.#most - this.#left;
    return new ValueBudget(maxBundleValues, maxBundleValues - used);
  }

  /** Takes a text in, and says what it has too much of; what is no JSON is counted as if it were. */
  take(bytes: Uint8Array): ValueExcess | undefined {
    const keys: number[] = [];
    let isInside = false;
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at];
      if (isInside) {
        if (byte === 0x5c) at += 1;
        else isInside = byte !== 0x22;
      } else if (byte === 0x22) isInside = true;
      else if (byte === 0x7b || byte === 0x5b) {
        keys.push(0);
        this.#left -= 1;
      } else if (byte === 0x7d || byte === 0x5d) keys.pop();
      else if (byte === 0x2c) this.#left -= 1;
      else if (byte === 0x3a) {
        const count = (keys.pop() ?? 0) + 1;
        if (count > maxKeys) return { what: 'more keys in one object', limitName: 'keys', limit: maxKeys };
        keys.push(count);
      }
      if (this.#left < 0) return { what: 'more values', limitName: 'values', limit: this.#most };
    }
    return undefined;
  }
}
