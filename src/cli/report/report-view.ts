import type { ArtifactCategory, ValidationFinding } from '../../index.js';

/** How something stands; a renderer gives each a sign and a colour, and the text says it in words. */
export type Tone = 'good' | 'notice' | 'bad' | 'plain';

/** One thing a report says. */
export interface Statement {
  readonly tone: Tone;
  readonly text: string;
}

/** One figure or state of the summary. */
export interface Fact {
  readonly label: string;
  readonly value: string;
  readonly note?: string | undefined;
  readonly tone: Tone;
}

/** What is known of one manifest, without what is below it. */
export interface NodeFacts {
  readonly kind: 'image' | 'manifest' | 'referrer';
  /** Reference, platform or artifact type. */
  readonly name: string;
  readonly digest: string;
  /** Size of the manifest in bytes, where it is known. */
  readonly size?: number | undefined;
  /** Set for referrers. */
  readonly category?: ArtifactCategory | undefined;
  readonly annotations: readonly (readonly [name: string, value: string])[];
  /** cosign's older tag, platforms that were left out. */
  readonly notes: readonly string[];
  /** What refers to it and who confirmed that; absent where nobody asked. */
  readonly evidence?: Statement | undefined;
  /** What a validation found about it. */
  readonly trouble?: Statement | undefined;
}

/** A manifest with what is below it. */
export interface NodeView extends NodeFacts {
  readonly children: readonly NodeView[];
  /** How many more there are below it that the report has no room for. */
  readonly leftOut: number;
  /** Annotations the report has no room for. */
  readonly annotationsLeftOut: number;
  /** Why children that are there are not shown here: they stand further up, or lie too deep. */
  readonly elsewhere?: 'above' | 'deeper' | undefined;
}

/** Findings of one code, worst first. */
export interface FindingGroup {
  readonly code: ValidationFinding['code'];
  readonly severity: ValidationFinding['severity'];
  readonly next: string;
  readonly findings: readonly ValidationFinding[];
}

/**
 * A report, whatever it is about and whatever draws it.
 *
 * @remarks Texts are as they came, a registry's and a bundle's among them: whoever draws a report escapes every one.
 */
export interface ReportView {
  /** What kind of report it is. */
  readonly kind: string;
  readonly title: string;
  /** Digest of the image, or id of the bundle. */
  readonly id: string | undefined;
  readonly verdict: Statement;
  readonly facts: readonly Fact[];
  /** Referrers by category, each once; only categories that have some. */
  readonly categories: readonly (readonly [category: ArtifactCategory, count: number])[];
  /** Smaller print about the whole: when it was made, by what. */
  readonly details: readonly (readonly [label: string, value: string])[];
  /** Absent where nothing was validated. */
  readonly findings?: readonly FindingGroup[] | undefined;
  /** Findings that the validator did not keep. */
  readonly findingsDropped: number;
  /** Absent where there is nothing that could be signed. */
  readonly signatures?: readonly Statement[] | undefined;
  readonly roots: readonly NodeView[];
  /** Images the report has no room for. */
  readonly rootsLeftOut: number;
  readonly evidence: readonly Statement[];
  readonly warnings: readonly string[];
}
