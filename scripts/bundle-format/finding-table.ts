import { type FindingCode, severityOf } from '../../src/bundle/finding.js';
import { nextStepFor } from '../../src/bundle/next-steps.js';

/** Makes the table of all finding codes, in the order of the source: what each means, how bad it is, what to do. */
export function renderFindings(source: string): string {
  const rows = [...source.matchAll(/\/\*\* ([^*]+) \*\/\n\s+\| '(\w+)'/g)].map(([, meaning = '', name = '']) => {
    const code = name as FindingCode;
    return `| \`${code}\` | ${meaning} | ${severityOf(code)} | ${nextStepFor(code)} |`;
  });
  const count = [...source.matchAll(/^ {2}\| '\w+'/gm)].length;
  if (rows.length !== count) throw new Error(`${count} codes, and ${rows.length} of them have a comment in one line`);
  return ['| code | what it means | severity | next step |', '| --- | --- | --- | --- |', ...rows].join('\n');
}
