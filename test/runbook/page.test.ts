import { describe, expect, it } from 'vitest';
import { isAsExpected, readSteps } from './support/page.js';

describe('what the page says will be seen', () => {
  it('is all of it: one line more, less or other is not what the page says', () => {
    expect(isAsExpected('a\nb\n', 'a\nb')).toBe(true);
    expect(isAsExpected('a\nb\nc\n', 'a\nb')).toBe(false);
    expect(isAsExpected('a\n', 'a\nb')).toBe(false);
    expect(isAsExpected('a\nB\n', 'a\nb')).toBe(false);
  });

  it('may leave out what differs, in a line or line by line', () => {
    expect(isAsExpected('took 42 ms (really)\n', 'took … ms (really)')).toBe(true);
    expect(isAsExpected('took 42 s\n', 'took … ms')).toBe(false);
    expect(isAsExpected('a\nx\ny\nb\n', 'a\n…\nb')).toBe(true);
    expect(isAsExpected('a\nx\ny\n', 'a\n…\nb')).toBe(false);
  });

  it('is nothing where nothing is said, and belongs to the commands right above it', () => {
    expect(isAsExpected('', '')).toBe(true);
    expect(isAsExpected('surprise\n', '')).toBe(false);
    const page =
      '## Look\n\n```sh\none\n```\n\nAnd then:\n\n```text\nstray\n```\n\n```sh\ntwo\n```\n\n```text\nseen\n```\n';
    expect(readSteps(page)).toEqual([
      { heading: 'Look', line: 3, commands: 'one', expected: '' },
      { heading: 'Look', line: 13, commands: 'two', expected: 'seen' },
    ]);
  });
});
