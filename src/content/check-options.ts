import type { z } from 'zod';
import { ArgumentError } from '../errors/index.js';

/**
 * Checks an options object that came from a caller.
 *
 * @param prefix - what stands before the option's name in the error, such as `limits`
 * @throws {@link ArgumentError} `ERR_OCI_INVALID_OPTION`, naming the option that is wrong or unknown
 */
export function checkOptions(schema: z.ZodType, options: unknown, prefix = ''): void {
  const result = schema.safeParse(options);
  if (!result.success) throw invalid(prefix, result.error.issues[0]);
}

function invalid(prefix: string, outer: z.core.$ZodIssue | undefined): ArgumentError {
  const issue = outer === undefined ? undefined : innermost(outer);
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const parts = [prefix, ...(issue?.path ?? []), unknown].filter((part) => part !== undefined && part !== '');
  const argument = parts.map(String).join('.') || 'options';
  const reason = unknown === undefined ? (issue?.message ?? 'is not valid') : 'is not an option';
  return new ArgumentError('ERR_OCI_INVALID_OPTION', `option ${argument}: ${reason}`, {
    argument,
    hint: `see the API reference for ${unknown === undefined ? 'what this option takes' : 'the options there are'}`,
  });
}

/** A union or a record reports "invalid input"; what is wrong is in the branch that got furthest. */
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  const inner = issue.code === 'invalid_union' ? issue.errors.flat() : issue.code === 'invalid_key' ? issue.issues : [];
  const [furthest] = [...inner].sort((a, b) => b.path.length - a.path.length);
  if (furthest === undefined) return issue;
  return innermost({ ...furthest, path: [...issue.path, ...furthest.path] });
}
