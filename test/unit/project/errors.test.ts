import { isOciError, LimitError, OciError } from '@stellaops/oci-referrers';
import { describe, expect, it } from 'vitest';

describe('an error of this package', () => {
  const error = new LimitError('too much', { limitName: 'maxPages', limit: 3, hint: 'raise it' });

  it('is recognised by its brand, and by its code', () => {
    expect(isOciError(error)).toBe(true);
    expect(isOciError(error, 'ERR_OCI_LIMIT_EXCEEDED')).toBe(true);
    expect(isOciError(error, 'ERR_OCI_NETWORK')).toBe(false);
    expect(
      [new Error('other'), null, undefined, 'text', { code: 'ERR_OCI_NETWORK' }].some((other) => isOciError(other)),
    ).toBe(false);
  });

  it('gets its attempts in a copy of the same kind, because waiters may share it', () => {
    const attempt = { host: 'a.example', endpoint: 'referrers', rule: 'failed' } as const;
    const copy = error.withAttempts([attempt]);
    expect(copy).toBeInstanceOf(LimitError);
    expect(copy).toMatchObject({ name: 'LimitError', limitName: 'maxPages', hint: 'raise it', attempts: [attempt] });
    expect(copy.stack).toBe(error.stack);
    expect(error.attempts).toEqual([]);
  });

  it('becomes plain data for a log', () => {
    const cause = new Error('below');
    expect(JSON.parse(JSON.stringify(new OciError('ERR_OCI_CLOSED', 'closed', { cause })))).toEqual({
      name: 'OciError',
      code: 'ERR_OCI_CLOSED',
      message: 'closed',
      cause: 'below',
    });
  });
});
