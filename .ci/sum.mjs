// Adds up the steps of .ci/run. Every test of a suite counts one; a step without a report counts one as a whole; so does a
// suite, or a file of one, that failed for another reason than a test (it did not load, a hook threw, it timed out).
// Usage: node sum.mjs STEPS, with a line TITLE<tab>EXIT STATUS<tab>REPORT per step; REPORT is vitest's JSON, or "-".
import { readFileSync } from 'node:fs';

let passed = 0;
let failed = 0;
for (const line of readFileSync(process.argv[2], 'utf8').trimEnd().split('\n')) {
  const [title, status, report] = line.split('\t');
  const counts = report === '-' ? { passed: 0, failed: 0, skipped: 0 } : countTests(report);
  if (status !== '0' && counts.failed === 0) counts.failed = 1;
  if (status === '0' && counts.passed === 0) counts[report === '-' ? 'passed' : 'failed'] = 1;
  passed += counts.passed;
  failed += counts.failed;
  const skipped = counts.skipped > 0 ? `, skipped ${counts.skipped}` : '';
  console.log(`${counts.failed === 0 ? 'ok    ' : 'FAILED'}  ${title} (of ${counts.passed + counts.failed}${skipped})`);
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function countTests(path) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  let files;
  try {
    files = JSON.parse(readFileSync(path, 'utf8')).testResults;
  } catch {
    // Without a report nothing is known to have passed; the caller makes that a failure.
    return counts;
  }
  for (const file of files) {
    const states = file.assertionResults.map((test) => test.status);
    const failures = states.filter((state) => state === 'failed').length;
    counts.passed += states.filter((state) => state === 'passed').length;
    counts.failed += failures;
    counts.skipped += states.filter((state) => state !== 'passed' && state !== 'failed').length;
    if (file.status === 'failed' && failures === 0) counts.failed += 1;
  }
  return counts;
}
