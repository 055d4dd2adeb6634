import { UsageError } from '../usage-error.js';

/** When a report is made, RFC 3339; SOURCE_DATE_EPOCH makes reports of the same the same. */
export function reportTime(env: Readonly<Record<string, string | undefined>>): string {
  const epoch = env['SOURCE_DATE_EPOCH'] ?? '';
  if (epoch === '') return `${new Date().toISOString().slice(0, 19)}Z`;
  if (/^\d{1,11}$/.test(epoch)) return `${new Date(Number(epoch) * 1000).toISOString().slice(0, 19)}Z`;
  throw new UsageError('SOURCE_DATE_EPOCH is not a number of seconds since 1970', {
    hint: 'unset it, or set it to what date +%s prints',
  });
}
