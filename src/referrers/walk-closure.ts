import { type Limiter, withLimiter } from '../content/abort.js';
import type { ReferrersList, ReferrersSource } from '../content/sources.js';
import { isOciError, LimitError, type OciError } from '../errors/index.js';
import type { Descriptor } from '../oci/descriptor.js';
import { describeReferrer, parseManifest, subjectOf } from '../oci/manifest.js';
import { isLegacyTag } from '../oci/referrers-tag.js';
import { findContradictions } from './contradictions.js';
import { isWanted } from './filters.js';
import type { GraphNode, GraphSubject, ReferrerNode, ReferrersGraph, WalkOptions } from './graph.js';
import { orderSubjects } from './order.js';
import { selectChildren } from './platforms.js';
import { readManifestBytes } from './read-manifest.js';

const MiB = 1024 * 1024;
const defaults = { concurrency: 4, maxDepth: 16, maxNodes: 20_000, maxGraphBytes: 256 * MiB };
type Bounds = typeof defaults;

/**
 * Walks the closure for a caller that has checked its options itself and may have more of them, as a bundle's writer has.
 *
 * @param onNode - called with each manifest as it is reached, before what is below it
 * @internal
 */
export async function walkClosure(
  source: ReferrersSource,
  root: Descriptor,
  options: WalkOptions = {},
  onNode?: (node: ReferrerNode) => void,
): Promise<ReferrersGraph> {
  const bounds = boundsOf(options);
  return await withLimiter(bounds.concurrency, options.signal, async (limiter) => {
    const walk = new Walk(source, options, bounds, limiter, onNode);
    await walk.visit(root, { role: 'root', depth: 0 });
    return walk.finish(root);
  });
}

/** The way that led to a manifest: a referrer was described by a list, everything else by a manifest that was verified. */
type Arrival = Pick<ReferrerNode, 'role' | 'subject' | 'tag' | 'depth'>;

/** A fault that `onDiscoveryError: 'warn'` lets a referrer have. */
interface Fault {
  readonly fault: OciError;
}

/** The state of one walk: what was visited, and how much of each bound is used up. */
class Walk {
  readonly #nodes = new Map<string, GraphNode>();
  readonly #subjects = new Map<string, GraphSubject>();
  readonly #warnings = new Set<string>();
  readonly #loading = new Map<string, Promise<GraphNode | Fault>>();
  readonly #visited = new Set<string>();
  readonly #source: ReferrersSource;
  readonly #options: WalkOptions;
  readonly #bounds: Bounds;
  readonly #limiter: Limiter;
  readonly #onNode: ((node: ReferrerNode) => void) | undefined;
  #bytes = 0;

  constructor(
    source: ReferrersSource,
    options: WalkOptions,
    bounds: Bounds,
    limiter: Limiter,
    onNode: ((node: ReferrerNode) => void) | undefined,
  ) {
    this.#source = source;
    this.#options = options;
    this.#bounds = bounds;
    this.#limiter = limiter;
    this.#onNode = onNode;
  }

  finish(root: Descriptor): ReferrersGraph {
    for (const { subject, fault } of findContradictions(this.#subjects.values())) {
      if (this.#options.onDiscoveryError !== 'warn') throw fault;
      this.#recordFault(subject.subject, fault);
      this.#subjects.set(subject.subject.digest, { ...subject, complete: false });
    }
    const subjects = orderSubjects(root, this.#nodes, this.#subjects);
    return { root, nodes: this.#nodes, subjects, warnings: [...this.#warnings].sort() };
  }

  async visit(descriptor: Descriptor, arrival: Arrival): Promise<void> {
    const node = await this.#load(descriptor, arrival);
    if ('fault' in node) throw node.fault;
    await this.#visitNode(node, arrival);
  }

  async #visitNode(node: GraphNode, arrival: Arrival): Promise<void> {
    if (this.#visited.has(node.descriptor.digest)) return;
    this.#visited.add(node.descriptor.digest);
    if (arrival.depth > this.#bounds.maxDepth) throw bound('maxDepth', this.#bounds.maxDepth, node.descriptor);
    this.#nodes.set(node.descriptor.digest, node);
    this.#onNode?.({ ...node, ...arrival });
    this.#options.onManifest?.(this.#nodes.size);
    const children = selectChildren(node, arrival.role === 'root' ? this.#options.platforms : undefined);
    await Promise.all([
      ...children.map((child) => this.visit(child, { role: 'child', depth: arrival.depth + 1 })),
      this.#visitReferrers(node, arrival.depth),
    ]);
  }

  /** Fetches a manifest once, however many ways lead to it. */
  #load(descriptor: Descriptor, arrival: Arrival): Promise<GraphNode | Fault> {
    const known = this.#loading.get(descriptor.digest);
    if (known !== undefined) return known;
    if (this.#loading.size >= this.#bounds.maxNodes) throw bound('maxNodes', this.#bounds.maxNodes, descriptor);
    const loading = this.#limiter.run((signal) => this.#tolerate(() => this.#read(descriptor, arrival, signal)));
    this.#loading.set(descriptor.digest, loading);
    return loading;
  }

  async #read(listed: Descriptor, arrival: Arrival, signal: AbortSignal): Promise<GraphNode> {
    const { descriptor, bytes } = await readManifestBytes(this.#source, listed, {
      listedFor: arrival.subject,
      limits: this.#options.limits,
      signal,
    });
    this.#bytes += bytes.length;
    if (this.#bytes > this.#bounds.maxGraphBytes) throw bound('maxGraphBytes', this.#bounds.maxGraphBytes, descriptor);
    const parsed = parseManifest(bytes, descriptor.mediaType, `manifest ${descriptor.digest}`);
    return { descriptor, bytes, parsed };
  }

  async #visitReferrers(node: GraphNode, depth: number): Promise<void> {
    const subject = node.descriptor;
    const { legacyTags, includeTagSchema } = this.#options;
    const how = { confirmSubject: true, legacyTags, includeTagSchema };
    const listed = await this.#limiter.run((signal) =>
      this.#tolerate(() => this.#source.listReferrers(subject, { signal, ...how })),
    );
    if ('fault' in listed) {
      this.#recordFault(subject, listed.fault);
      this.#subjects.set(subject.digest, unknownSubject(subject));
      return;
    }
    for (const warning of listed.warnings) this.#warnings.add(`${subject.digest}: ${warning}`);
    const tags = this.#tagsOf(subject, listed.legacy);
    const all = [...listed.referrers, ...listed.legacy.map(({ descriptor }) => descriptor)];
    const unique = [...new Map(all.map((descriptor) => [descriptor.digest, descriptor])).values()];
    const outcomes = await Promise.all(
      unique.map((descriptor) => this.#visitReferrer(subject, descriptor, tags.get(descriptor.digest), depth)),
    );
    const referrers = outcomes.filter((outcome) => typeof outcome === 'object');
    this.#subjects.set(subject.digest, {
      subject,
      source: listed.source,
      host: listed.host,
      complete: !outcomes.includes('faulty'),
      found: unique.length,
      filtered: outcomes.filter((outcome) => outcome === 'filtered').length,
      referrers: referrers.sort((a, b) => (a.digest < b.digest ? -1 : 1)),
      tags,
    });
  }

  /** cosign's older tags by digest: one artifact has one place in a closure. */
  #tagsOf(subject: Descriptor, legacy: ReferrersList['legacy']): ReadonlyMap<string, string> {
    const tags = new Map<string, string>();
    for (const { tag, descriptor } of legacy) {
      const other = tags.get(descriptor.digest);
      if (other !== undefined)
        this.#warnings.add(`${subject.digest}: ${other} carries the same artifact as ${tag}; left out`);
      tags.set(descriptor.digest, tag);
    }
    return tags;
  }

  /** Visits one referrer and everything below it. */
  async #visitReferrer(
    subject: Descriptor,
    listed: Descriptor,
    tag: string | undefined,
    depth: number,
  ): Promise<Descriptor | 'filtered' | 'faulty'> {
    const arrival: Arrival = { role: 'referrer', depth: depth + 1, subject: subject.digest, tag };
    const node = await this.#load(listed, arrival);
    if ('fault' in node) {
      this.#recordFault(subject, node.fault);
      return 'faulty';
    }
    const named = subjectOf(node.parsed)?.digest;
    // cosign's older tags tie what names no subject itself.
    const isTied =
      named === undefined ? tag !== undefined && isLegacyTag(tag, subject.digest) : named === subject.digest;
    if (!isTied) {
      this.#warnings.add(
        `${subject.digest}: ${listed.digest} is listed as its referrer but names ${named ?? 'no subject'}; left out`,
      );
      return 'filtered';
    }
    const described = describeReferrer(node.descriptor, node.parsed);
    if (!isWanted(described, named === undefined ? tag : undefined, this.#options)) return 'filtered';
    await this.#visitNode(node, arrival);
    return described;
  }

  /** With `onDiscoveryError: 'warn'`, hands a fault over instead of throwing it; a bound or an abort always throws. */
  async #tolerate<Value>(work: () => Promise<Value>): Promise<Value | Fault> {
    try {
      return await work();
    } catch (error) {
      if (this.#options.onDiscoveryError !== 'warn' || this.#limiter.signal.aborted) throw error;
      if (!isOciError(error) || error.code === 'ERR_OCI_LIMIT_EXCEEDED') throw error;
      return { fault: error };
    }
  }

  #recordFault(subject: Descriptor, fault: OciError): void {
    this.#warnings.add(`${subject.digest}: its referrers are incomplete: ${fault.code} ${fault.message}`);
  }
}

function unknownSubject(subject: Descriptor): GraphSubject {
  return {
    subject,
    source: 'api',
    host: 'unknown',
    complete: false,
    found: 0,
    filtered: 0,
    referrers: [],
    tags: new Map(),
  };
}

function bound(limitName: keyof Bounds, limit: number, at: Descriptor): LimitError {
  return new LimitError(`the closure of referrers reaches ${limitName} (${limit}) at ${at.digest}`, {
    limitName,
    limit,
    hint: `raise ${limitName} if a closure of this size is expected`,
  });
}

function boundsOf(options: WalkOptions): Bounds {
  return {
    concurrency: options.concurrency ?? defaults.concurrency,
    maxDepth: options.maxDepth ?? defaults.maxDepth,
    maxNodes: options.maxNodes ?? defaults.maxNodes,
    maxGraphBytes: options.maxGraphBytes ?? defaults.maxGraphBytes,
  };
}
