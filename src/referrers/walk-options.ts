import { z } from 'zod';
import { checkOptions } from '../content/check-options.js';
import { defaultLimits } from '../content/limits.js';
import { artifactCategories } from '../oci/artifact-kind.js';
import type { WalkOptions, WalkReferrersOptions } from './graph.js';

const types = z.array(z.string().min(1)).optional();
const categories = z.array(z.enum(artifactCategories)).optional();
const isFunction = z.custom((value) => typeof value === 'function', 'must be a function').optional();
const atLeastOne = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER).optional();

/** The options a walk takes, as a shape that larger options build on; the signal is not among them. */
export const walkShape: Readonly<Record<Exclude<keyof WalkOptions, 'signal'>, z.ZodType>> = {
  artifactTypes: types,
  excludeArtifactTypes: types,
  categories,
  excludeCategories: categories,
  platforms: types,
  legacyTags: z.boolean().optional(),
  includeTagSchema: z.boolean().optional(),
  onDiscoveryError: z.enum(['fail', 'warn']).optional(),
  concurrency: z.number().int().min(1).max(64).optional(),
  maxDepth: atLeastOne,
  maxNodes: atLeastOne,
  maxGraphBytes: atLeastOne,
  onManifest: isFunction,
  limits: z.strictObject(Object.fromEntries(Object.keys(defaultLimits).map((name) => [name, atLeastOne]))).optional(),
};

const signal = z.custom((value) => value instanceof AbortSignal, 'must be an AbortSignal').optional();
const schema = z.strictObject({ ...walkShape, signal });
const streamSchema = schema.omit({ onDiscoveryError: true, onManifest: true }).extend({ onWarning: isFunction });

/** Checks the options of a walk before anything is asked: a misspelt filter must not pass for none. */
export function checkWalkOptions(options: WalkOptions): void {
  checkOptions(schema, options);
}

/** Checks the options of a walk that hands over nodes: a fault it was told to leave for later would be lost there. */
export function checkWalkReferrersOptions(options: WalkReferrersOptions): void {
  checkOptions(streamSchema, options);
}
