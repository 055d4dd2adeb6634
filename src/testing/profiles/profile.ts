import type { ProfileParts } from '../behaviour.js';
import type { ProfileName } from '../profile-names.js';

/** What a profile of {@link TestRegistryOptions} stands for, and how well that is known. */
export interface RegistryProfile {
  /** Its name. */
  readonly name: ProfileName;
  /** Number of its row in `docs/profiles.md`, 1 to 24; variants share one. */
  readonly row: number;
  /** Product, version or date, and what is special about it. */
  readonly standsFor: string;
  /**
   * How its special answers are known. `observed`: the real server was run and its bytes were kept. `source`: read in its
   * source code. `reported`: captures and statements of others, vendors' documentation. `constructed`: no product is meant.
   */
  readonly evidence: 'observed' | 'source' | 'reported' | 'constructed';
  /** What in it is not established about the real thing, and was filled in plausibly; often nothing. */
  readonly notEstablished: readonly string[];
}

/** A profile with what it is made of. */
export interface Profile extends RegistryProfile {
  readonly parts: ProfileParts;
}
