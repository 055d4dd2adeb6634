import type { ByteLimit } from '../content/read.js';
import { isOciError } from '../errors/index.js';
import type { BufferedResponse } from '../http/types.js';
import { isWebPageType, mediaTypeOf } from '../oci/media-types.js';
import type { CapabilityFinding, CapabilityName } from './capabilities.js';
import type { Connections } from './connections.js';
import type { ProbeDebris } from './probe-debris.js';
import type { Repository } from './repository.js';

/** What the probes that write have in common. */
export interface WriteProbe {
  readonly connections: Connections;
  readonly at: Repository;
  readonly bound: ByteLimit;
  /** Everything that is written is noted there first. */
  readonly debris: ProbeDebris;
  readonly signal: AbortSignal;
}

/** The requests of one capability, as its evidence tells them. */
export class ProbeStep {
  readonly #name: CapabilityName;
  readonly #trail: string[] = [];
  /** What a plain look would have said, such as `by the status of POST alone: supported`. */
  naive: string | undefined;

  constructor(name: CapabilityName) {
    this.#name = name;
  }

  /** Notes one request and its status. */
  note(request: string, { status }: Pick<BufferedResponse, 'status'>): void {
    this.#trail.push(`${request} ${status}`);
  }

  supported(): CapabilityFinding {
    return this.#finding('supported');
  }

  unsupported(reason?: string): CapabilityFinding {
    return this.#finding('unsupported', reason);
  }

  unknown(reason: string, fault?: CapabilityFinding['fault']): CapabilityFinding {
    return { ...this.#finding('unknown', reason), ...(fault === undefined ? {} : { fault }) };
  }

  /** Judges an answer that means no: who may not, or comes at a bad time, has not been told what the registry can do. */
  refused(at: Repository, answer: BufferedResponse): CapabilityFinding {
    const { code, status, registryErrors } = at.refused(answer, 'probe', this.#name);
    if (code === 'ERR_OCI_UNAUTHORIZED' || code === 'ERR_OCI_DENIED') {
      return this.unknown('the account may not do this', code);
    }
    const isFault = status === 408 || status === 429 || (status >= 500 && status !== 501);
    if (isFault) return this.unknown('failed', code);
    if (isWebPageType(mediaTypeOf(answer.headers.get('content-type')))) {
      return this.unknown('a page for people answered, no registry', 'ERR_OCI_BAD_CONTENT_TYPE');
    }
    // A proxy says 404 and 413 for reasons of its own, and what is no refusal at all is no word against it.
    const isOwnWord = registryErrors.length > 0 || (status >= 400 && status !== 404 && status !== 413);
    return isOwnWord ? this.unsupported() : this.unknown('that is no answer of a registry', code);
  }

  /** Runs the requests; a fault leaves the capability open, and says so. */
  async run(signal: AbortSignal, work: () => Promise<CapabilityFinding>): Promise<CapabilityFinding> {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      if (!isOciError(error)) throw error;
      return this.unknown(`failed: ${error.message}`, error.code);
    }
  }

  #finding(state: CapabilityFinding['state'], reason?: string): CapabilityFinding {
    const did = [this.#trail.join(', '), reason].filter((part) => part !== undefined && part !== '').join(': ');
    return { name: this.#name, state, evidence: [did, this.naive].filter((part) => part !== undefined).join('; ') };
  }
}
