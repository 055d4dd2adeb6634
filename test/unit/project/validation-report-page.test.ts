import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { appBundle, validate } from '../bundle-read/bundles.js';

const page = readFileSync(new URL('../../../docs/validation-report.md', import.meta.url), 'utf8');
const rows = [...page.matchAll(/^\| (.+?) \|/gm)].map((match) => match[1] ?? '');

describe('docs/validation-report.md', () => {
  it('explains every member that a report has', async () => {
    const report = await validate((await appBundle()).subarray(0, -2000));
    expect([report.ok, report.bundle === undefined, report.subjects.length > 0]).toEqual([false, false, true]);
    const parts: readonly object[] = [report, report.bundle ?? {}, ...report.subjects, ...report.findings];
    const names = [...new Set(parts.flatMap((part) => Object.keys(part)))];
    expect(names).toContain('findingsDropped');
    const unexplained = names.filter((name) => !rows.some((row) => new RegExp(`[\`.]${name}\``).test(row)));
    expect(unexplained).toEqual([]);
  });
});
