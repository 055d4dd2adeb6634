import { z } from 'zod';
import { bundleBaseSchema } from '../bundle/record.js';
import { detachedSchema, signatureShape } from '../bundle/signing/signature-policy.js';
import { checkOptions } from '../content/check-options.js';
import { defaultLimits } from '../content/limits.js';
import { ArgumentError } from '../errors/index.js';
import type { ImportOptions } from './import-bundle.js';

const positive = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER).optional();
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;
const flag = z.boolean().optional();

const schema = z.strictObject({
  resolver: z.custom(isObject, 'must be a resolver').optional(),
  layout: z.string().min(1).optional(),
  to: z.string().optional(),
  map: z.record(z.string(), z.string()).optional(),
  strictReferrerValidation: flag,
  requireReferrers: z
    .array(z.strictObject({ artifactType: z.string().min(1), min: z.number().int().min(1) }))
    .optional(),
  base: z.union([z.string().min(1), bundleBaseSchema]).optional(),
  ...signatureShape,
  signatures: detachedSchema,
  dryRun: flag,
  keepTags: flag,
  concurrency: z.number().int().min(1).max(64).optional(),
  limits: z.strictObject(Object.fromEntries(Object.keys(defaultLimits).map((name) => [name, positive]))).optional(),
  onChecked: z.custom((value) => typeof value === 'function', 'must be a function').optional(),
  onProgress: z.custom((value) => typeof value === 'function', 'must be a function').optional(),
  signal: z.custom((value) => value instanceof AbortSignal, 'must be an AbortSignal').optional(),
});

/** Checks the options of an import before the bundle is opened: a misspelt `dryRun` must not push. */
export function checkImportOptions(options: ImportOptions): void {
  checkOptions(schema, options);
  const { layout, resolver, to, map } = options;
  if (layout === undefined ? resolver !== undefined : to === undefined && map === undefined) return;
  const [argument, reason] =
    layout === undefined
      ? ['resolver', 'is needed to reach a registry']
      : ['layout', 'cannot be combined with to or map'];
  throw new ArgumentError('ERR_OCI_INVALID_OPTION', `option ${argument}: ${reason}`, {
    argument,
    hint: 'an import goes to registries (resolver with to or map), or to one directory (layout)',
  });
}
