import type { AbortableOptions } from '../content/abort.js';
import type { Limits } from '../content/limits.js';
import type { ReferrersList } from '../content/sources.js';
import type { ArtifactCategory } from '../oci/artifact-kind.js';
import type { Descriptor } from '../oci/descriptor.js';
import type { Manifest } from '../oci/manifest.js';

/** Options of {@link discoverReferrers}. */
export interface WalkOptions extends AbortableOptions {
  /** Artifact types to keep, taken from each referrer's manifest; all when absent. */
  readonly artifactTypes?: readonly string[] | undefined;
  /** Artifact types to leave out; none when absent. */
  readonly excludeArtifactTypes?: readonly string[] | undefined;
  /** Categories to keep, as a bundle records them: by type, annotations and older tag; all when absent. */
  readonly categories?: readonly ArtifactCategory[] | undefined;
  /** Categories to leave out; none when absent. */
  readonly excludeCategories?: readonly ArtifactCategory[] | undefined;
  /** Platforms of an index to follow, as `os/architecture[/variant]`; all when absent. One that is not there throws. */
  readonly platforms?: readonly string[] | undefined;
  /** Also finds cosign's older tags; the source's own setting when absent. */
  readonly legacyTags?: boolean | undefined;
  /** Also reads the referrers tags of registries with the API, and unites both; false by default, true in bundles. */
  readonly includeTagSchema?: boolean | undefined;
  /** What a subject does whose referrers cannot be confirmed: `fail` (default) throws, `warn` marks it incomplete. */
  readonly onDiscoveryError?: 'fail' | 'warn' | undefined;
  /** Requests under way at once; 4 by default, 1 to 64. */
  readonly concurrency?: number | undefined;
  /** Longest chain of referrers of referrers and nested indexes; 16 by default. Reaching it throws. */
  readonly maxDepth?: number | undefined;
  /** Most manifests in the graph; 20,000 by default. Reaching it throws. */
  readonly maxNodes?: number | undefined;
  /** Most bytes of manifests held in memory; 256 MiB by default. Reaching it throws. */
  readonly maxGraphBytes?: number | undefined;
  /** Limits on single answers. */
  readonly limits?: Partial<Limits> | undefined;
  /** Hears at each manifest of a closure how many there are so far; what it throws ends the walk. */
  readonly onManifest?: ((manifests: number) => void) | undefined;
}

/** Options of {@link walkReferrers}: those of a walk, except that no fault can be left for later, and that whoever is given each node can count. */
export type WalkReferrersOptions = Omit<WalkOptions, 'onDiscoveryError' | 'onManifest'> & {
  /** Called at the end with what a person should know, such as an entry that names another subject and was left out. */
  readonly onWarning?: ((warning: string) => void) | undefined;
};

/** One manifest of a closure, fetched by digest and verified. */
export interface GraphNode {
  /** Type, digest and size as the manifest's own bytes have them. */
  readonly descriptor: Descriptor;
  /** The raw bytes. */
  readonly bytes: Buffer;
  /** What they say. */
  readonly parsed: Manifest;
}

/** One manifest of a closure, and the first way that led to it. */
export interface ReferrerNode extends GraphNode {
  /** What it is to the manifest before it: the root has none, a child is part of an index, a referrer names it. */
  readonly role: 'root' | 'child' | 'referrer';
  /** Digest of the manifest it refers to; referrers only. */
  readonly subject?: string | undefined;
  /** The older cosign tag that carries it; absent for everything that names its subject itself. */
  readonly tag?: string | undefined;
  /** Steps from the root, which has 0. */
  readonly depth: number;
}

/** What refers to one manifest of the closure, and how that was found out. */
export interface GraphSubject {
  /** The manifest that was asked about. */
  readonly subject: Descriptor;
  /** Which endpoint decided. */
  readonly source: ReferrersList['source'];
  /** `host[:port]` that gave the list. */
  readonly host: string;
  /** False only with `onDiscoveryError: 'warn'` after a fault. */
  readonly complete: boolean;
  /** Referrers found. */
  readonly found: number;
  /** Referrers left out by a filter, or because their manifest names another subject. */
  readonly filtered: number;
  /** Referrers kept, sorted by digest; type, size and annotations are the manifest's own. */
  readonly referrers: readonly Descriptor[];
  /** cosign's older tags among them, by digest of what they carry. */
  readonly tags: ReadonlyMap<string, string>;
}

/** An image, everything it consists of, and everything that refers to any part of it. */
export interface ReferrersGraph {
  /** Where the walk began. */
  readonly root: Descriptor;
  /** Every manifest, by digest. */
  readonly nodes: ReadonlyMap<string, GraphNode>;
  /** One list per manifest, depth first from the root, always in the same order. */
  readonly subjects: readonly GraphSubject[];
  /** What a person should know. */
  readonly warnings: readonly string[];
}
