import { type AbortableOptions, mapConcurrently } from '../content/abort.js';
import type { BlobDirectory } from '../content/blob-directory.js';
import type { Limits } from '../content/limits.js';
import { LimitError } from '../errors/index.js';
import type { Descriptor } from '../oci/descriptor.js';
import { describeReferrer, manifestsBelow, parseManifest, subjectOf } from '../oci/manifest.js';
import { isManifestType } from '../oci/media-types.js';
import { readManifest } from './read-manifest.js';

/** Manifests read at once. */
const concurrency = 8;
/** Longest chain of nested indexes; deeper ones are of nobody's making but an attacker's. */
const maxDepth = 16;

/** What is known about one manifest of a layout; content under a digest never changes, so it is read once. */
export interface ManifestFacts {
  /** As a list of referrers describes it, by its own word. */
  readonly described: Descriptor;
  /** Digest of the manifest it refers to. */
  readonly subject: string | undefined;
  /** Manifests an index lists. */
  readonly children: readonly Descriptor[];
}

/** Everything a layout holds, as far as index.json leads to it. */
export interface LayoutScan {
  /** By digest; one that is named and not there is missing here. */
  readonly manifests: ReadonlyMap<string, ManifestFacts>;
  /** What refers to each subject, by the subject's digest. */
  readonly referrers: ReadonlyMap<string, readonly Descriptor[]>;
  /** Manifests index.json itself names and that are not there. */
  readonly missing: readonly string[];
  /** Digests of what lies below an index. */
  readonly nested: ReadonlySet<string>;
}

/** What it takes to scan. */
export interface ScanContext extends AbortableOptions {
  readonly blobs: BlobDirectory;
  readonly limits: Limits;
  /** What earlier scans have read; what this one reads is added. */
  readonly known: Map<string, ManifestFacts>;
}

/**
 * Reads every manifest that index.json leads to, directly or below an index.
 *
 * @remarks This is how oras finds referrers: by what each manifest says itself. A manifest that an index names may be
 * absent, as platforms often are; one that is there and broken is a fault, because it might be a referrer.
 */
export async function scanReferrers(entries: readonly Descriptor[], context: ScanContext): Promise<LayoutScan> {
  const manifests = new Map<string, ManifestFacts>();
  const nested = new Set<string>();
  const asked = new Set<string>();
  let level = unique(entries, asked);
  const missing: string[] = [];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxDepth) throw tooMuch('depth', maxDepth);
    if (asked.size > context.limits.maxReferrers) throw tooMuch('maxReferrers', context.limits.maxReferrers);
    const read = await mapConcurrently(
      level,
      concurrency,
      (descriptor, signal) => readFacts(descriptor, { ...context, signal }),
      context.signal,
    );
    const below: Descriptor[] = [];
    for (const [at, facts] of read.entries()) {
      const digest = level[at]?.digest ?? '';
      if (facts === undefined) {
        if (depth === 0) missing.push(digest);
        continue;
      }
      manifests.set(digest, facts);
      for (const child of facts.children) nested.add(child.digest);
      below.push(...facts.children);
    }
    level = unique(below, asked);
  }
  return { manifests, referrers: bySubject(manifests), missing, nested };
}

function unique(descriptors: readonly Descriptor[], asked: Set<string>): readonly Descriptor[] {
  return descriptors.filter(({ digest, mediaType }) => {
    if (!isManifestType(mediaType) || asked.has(digest)) return false;
    asked.add(digest);
    return true;
  });
}

async function readFacts(listed: Descriptor, context: ScanContext): Promise<ManifestFacts | undefined> {
  const { known } = context;
  const { digest } = listed;
  const earlier = known.get(digest);
  if (earlier !== undefined) return earlier;
  const read = await readManifest(context.blobs, listed, context);
  if (read === undefined) return undefined;
  const { descriptor: core, bytes } = read;
  const parsed = parseManifest(bytes, core.mediaType, `manifest ${digest}`);
  const facts: ManifestFacts = {
    described: describeReferrer(core, parsed),
    subject: subjectOf(parsed)?.digest,
    children: manifestsBelow(parsed),
  };
  known.set(digest, facts);
  return facts;
}

function bySubject(manifests: ReadonlyMap<string, ManifestFacts>): ReadonlyMap<string, readonly Descriptor[]> {
  const referrers = new Map<string, Descriptor[]>();
  for (const { subject, described } of manifests.values()) {
    if (subject === undefined) continue;
    const list = referrers.get(subject) ?? [];
    list.push(described);
    referrers.set(subject, list);
  }
  return referrers;
}

function tooMuch(limitName: string, limit: number): LimitError {
  return new LimitError(`the manifests of the layout reach ${limitName} (${limit})`, {
    limitName,
    limit,
    hint: 'copy the images into several layouts, or raise the limit if this size is expected',
  });
}
