import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, expect, it } from 'vitest';
import { buildImage, startRegistry } from '../../src/testing/index.js';
import { programPath } from './support/build-programs.js';
import { attachElsewhere, listElsewhere } from './support/judges.js';
import { describeWith } from './support/tools.js';

interface SuiteTest {
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
}

interface SuiteRun {
  readonly exitCode: number | null;
  readonly output: string;
  readonly tests: readonly SuiteTest[];
}

const timeoutMs = 60_000;

/** Runs every category of the suite against a registry; its reports go to a directory that is gone afterwards. */
async function runSuite(origin: string): Promise<SuiteRun> {
  const directory = await mkdtemp(join(tmpdir(), 'conformance-'));
  try {
    const child = spawn(programPath('conformance'), ['-ginkgo.noColor'], {
      cwd: directory,
      timeout: timeoutMs,
      stdio: ['ignore', 'pipe', 'inherit'],
      // Nothing else of the environment: a variable of this machine must not switch a test off.
      env: {
        OCI_ROOT_URL: origin,
        OCI_NAMESPACE: 'conformance/one',
        OCI_CROSSMOUNT_NAMESPACE: 'conformance/other',
        OCI_AUTOMATIC_CROSSMOUNT: '1',
        OCI_TEST_PULL: '1',
        OCI_TEST_PUSH: '1',
        OCI_TEST_CONTENT_DISCOVERY: '1',
        OCI_TEST_CONTENT_MANAGEMENT: '1',
        ACK_GINKGO_DEPRECATIONS: '1.16.5',
      },
    });
    const [output, [exitCode]] = await Promise.all([
      text(child.stdout),
      once(child, 'close') as Promise<[number | null]>,
    ]);
    return { exitCode, output, tests: readReport(await readFile(join(directory, 'junit.xml'), 'utf8')) };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Reads how each test ended from the suite's JUnit report. */
function readReport(xml: string): readonly SuiteTest[] {
  const cases = xml.matchAll(/<testcase name="OCI Distribution Conformance Tests ([^"]*)"[^>]*>(.*?)<\/testcase>/gs);
  return [...cases].map(([, name = '', body = '']) => {
    if (/<(?:failure|error)\b/.test(body)) return { name, outcome: 'failed' };
    return { name, outcome: body.includes('<skipped') ? 'skipped' : 'passed' };
  });
}

// The newest suite that can be had as a verified Go module is the one of May 2023: it knows nothing of referrers yet, nor
// of anything else that distribution-spec 1.1 added (docs/decisions/0004). The files spec-*.test.ts ask in our own words,
// which is not the same: nothing here proves conformance to 1.1.
describeWith(['go'], 'the in-memory registry, before the official conformance suite of May 2023 (spec 1.0)', () => {
  let run: SuiteRun;

  beforeAll(async () => {
    await using registry = await startRegistry();
    run = await runSuite(registry.origin);
  });

  const named = (outcome: SuiteTest['outcome']): readonly string[] =>
    run.tests.filter((test) => test.outcome === outcome).map(({ name }) => name);

  it('passes every test of pull, push, content discovery and content management', () => {
    const [passed, failed, skipped] = (['passed', 'failed', 'skipped'] as const).map(
      (outcome) => named(outcome).length,
    );
    console.log(`conformance suite: ${passed} passed, ${failed} failed, ${skipped} skipped`);
    expect(named('failed'), run.output).toEqual([]);
    expect(run.exitCode, run.output).toBe(0);
    const categories = ['Pull', 'Push', 'Content Discovery', 'Content Management'];
    const empty = categories.filter((category) => !named('passed').some((name) => name.startsWith(`${category} `)));
    expect(empty).toEqual([]);
  });

  it('leaves out only what is for a registry that behaves otherwise', () => {
    expect(named('skipped')).toEqual([
      // for a registry that nobody may push to
      'Pull Setup Get tag name from environment',
      // for a registry that does not mount, or not without being told from where
      'Push Cross-Repository Blob Mount Cross-mounting of nonexistent blob should yield session id',
      'Push Cross-Repository Blob Mount Cross-mounting without from, and automatic content discovery disabled should return a 202',
      // for a registry that nobody may push to
      'Content Discovery Setup Populate registry with test tags (no push)',
    ]);
  });
});

describeWith(['go'], 'the in-memory registry, before other clients', () => {
  it.each([
    ['whole', undefined],
    ['one on a page', 1],
  ])('keeps the list of referrers itself, and is understood when it gives it %s', async (_, pageSize) => {
    await using registry = await startRegistry({ pageSize });
    const { digest } = registry.store.add('team/app', buildImage(), { tag: '1.0' });
    const repository = `${registry.host}/team/app`;
    const attached: string[] = [];
    for (const artifactType of ['application/spdx+json', 'application/vnd.in-toto+json']) {
      attached.push(`${await attachElsewhere(repository, digest, artifactType)} ${artifactType}`);
    }
    attached.sort();
    expect(await listElsewhere(repository, digest)).toEqual({ oras: attached, regclient: attached });
    expect([...registry.store.repository('team/app').tags.keys()]).toEqual(['1.0']);
  });
});
