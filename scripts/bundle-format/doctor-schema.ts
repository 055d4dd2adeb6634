import { z } from 'zod';
import { doctorChecks } from '../../src/doctor/checks.js';

const text = z.string().min(1);
const count = z.number().int().min(0);
const checkId = z.enum(doctorChecks.map(({ id }) => id));

/** What `doctor run --format json` writes. */
export const doctorReportSchema: z.ZodType = z.strictObject({
  schemaVersion: z.literal(1),
  registryUrl: text,
  repository: text,
  tag: text,
  startedAt: z.iso.datetime(),
  durationMs: count,
  summary: z.strictObject({ pass: count, info: count, warn: count, fail: count }),
  results: z.array(
    z.strictObject({
      checkId,
      title: text,
      severity: z.enum(['pass', 'info', 'warn', 'fail']),
      message: text,
      evidence: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
      likelyCauses: z.array(text),
      howToFix: z.array(z.strictObject({ title: text, commands: z.array(text) })),
      verification: text,
      relatedChecks: z.array(checkId),
      durationMs: count,
    }),
  ),
});
