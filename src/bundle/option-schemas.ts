import { z } from 'zod';
import type { RequiredReferrer } from './record.js';
import { maxRequirements } from './record-limits.js';

/** A count or a size; leaving it out gives the default, and there is no value for "no limit". */
export const atLeastOne: z.ZodType<number | undefined> = z
  .number()
  .int()
  .min(1)
  .max(Number.MAX_SAFE_INTEGER)
  .optional();

/** What ends a call early. */
export const signal: z.ZodType<AbortSignal | undefined> = z
  .custom<AbortSignal>((value) => value instanceof AbortSignal, 'must be an AbortSignal')
  .optional();

/** Required kinds of referrers, each once. */
export const requirements: z.ZodType<readonly RequiredReferrer[] | undefined> = z
  .array(z.strictObject({ artifactType: z.string().min(1).max(4096), min: z.number().int().min(1).max(100_000) }))
  .max(maxRequirements)
  .refine((all) => new Set(all.map(({ artifactType }) => artifactType)).size === all.length, 'names a type twice')
  .optional();

/** Limits by name; one that is not on the list is an error. */
export function limitsFor(names: object): z.ZodType {
  return z.strictObject(Object.fromEntries(Object.keys(names).map((name) => [name, atLeastOne]))).optional();
}
