import { writeFile } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { buildArtifact, startRegistry, type TestRegistry } from '@stellaops/oci-referrers/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../../src/cli/parse-config.js';
import { UsageError } from '../../../src/cli/usage-error.js';
import { cli, createWorkspace, publish, sbomType, type Workspace } from './support.js';

const runbook = `# Increase timeout in export config
export:
  referrer_discovery:
    timeout_seconds: 120
    max_concurrent_discoveries: 4
`;

test("the runbook's settings are read as they are", async () => {
  expect(await parseConfig(runbook, 'c.yaml')).toEqual({ timeoutSeconds: 120, maxConcurrentDiscoveries: 4 });
  expect(await parseConfig('export:\n  referrer_discovery:\n    # timeout_seconds: 120\n', 'c.yaml')).toEqual({});
  expect(await parseConfig('# nothing\n', 'c.yaml')).toEqual({});
  expect(await parseConfig('{"export": {"referrer_discovery": {"timeout_seconds": 7}}}', 'c.json')).toEqual({
    timeoutSeconds: 7,
  });
});

describe('what is wrong in a file is told with line, column, and what is right', () => {
  const below = 'export:\n  referrer_discovery:\n    ';
  const range = (from: number, to: number): string => `write a whole number from ${from} to ${to}, without quotes`;
  test.each([
    ['exports:\n  a: 1', 'line 1, column 1: exports is no key that is known', 'did you mean export?'],
    ['export:\n  zzz: 1', 'line 2, column 3: export.zzz is no key that is known', 'known there: referrer_discovery'],
    [
      `${below}timeout_second: 1`,
      'line 3, column 5: export.referrer_discovery.timeout_second is no key that is known',
      'did you mean timeout_seconds?',
    ],
    [
      `${below}timeout_seconds: soon`,
      'line 3, column 22: export.referrer_discovery.timeout_seconds is not a whole number from 1 to 86400',
      range(1, 86_400),
    ],
    [
      `${below}max_concurrent_discoveries: 65`,
      'line 3, column 33: export.referrer_discovery.max_concurrent_discoveries is not a whole number from 1 to 64',
      range(1, 64),
    ],
    [`${below}timeout_seconds: "120"`, /timeout_seconds is not a whole number/, range(1, 86_400)],
    [`${below}timeout_seconds: 1.5`, /timeout_seconds is not a whole number/, range(1, 86_400)],
    [`a: &x 1\n${below}timeout_seconds: *x`, /^line 1, column 1: a is no key/, 'known there: export'],
    [`export:\n  referrer_discovery: 3`, /referrer_discovery is not a mapping$/, /^write timeout_seconds or max_/],
    ['- export', /^line 1, column 1: the file is not a mapping$/, 'write export below it, indented'],
    ['export: [1\n', /^line 2, column 1: is no valid YAML: /, 'correct the file there'],
    ['export:\nexport:\n', /is no valid YAML: Map keys must be unique/, 'correct the file there'],
    ['export: !!timestamp x', /is no valid YAML: /, 'correct the file there'],
    ['export:\n---\nexport:\n', /is no valid YAML: /, 'correct the file there'],
    ['["\u001b[2J"]: 1', / is no key that is known$/, 'known there: export'],
  ] as const)('%j', async (text, message, hint) => {
    const error = await parseConfig(text, 'c.yaml').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UsageError);
    const { message: said, hint: next } = error as UsageError;
    const place = said.replace(/^--config: c\.yaml, /, '');
    if (typeof message === 'string') expect(place).toBe(message);
    else expect(place).toMatch(message);
    if (typeof hint === 'string') expect(next).toBe(hint);
    else expect(next).toMatch(hint);
  });

  test('any text gives settings or such an error, and nothing else', async () => {
    const word = fc.constantFrom(
      'export',
      'referrer_discovery',
      'timeout_seconds',
      ':',
      ' ',
      '\n',
      '  ',
      '[',
      '*a',
      '&a',
      '1',
      '"',
      '- ',
      '? ',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(word, { maxLength: 40 }).map((words) => words.join('')),
    );
    await fc.assert(
      fc.asyncProperty(text, async (given) => {
        const result = await parseConfig(given, 'c.yaml').catch((thrown: unknown) => thrown);
        if (!(result instanceof UsageError)) expect(Object.keys(result as object).length).toBeLessThanOrEqual(2);
      }),
      { numRuns: 200 },
    );
  });
});

async function exportWith(
  registry: TestRegistry,
  workspace: Workspace,
  config: string,
  ...flags: string[]
): ReturnType<typeof cli> {
  await writeFile(workspace.path('c.yaml'), config);
  const exportIt = [
    'bundle',
    'export',
    `${registry.host}/team/app:1.0`,
    '--output',
    workspace.path('a.tgz'),
    '--dry-run',
  ];
  return await cli([...exportIt, '--config', workspace.path('c.yaml'), ...flags]);
}

test('max_concurrent_discoveries bounds the lists an export asks for at once, and --concurrency wins', async () => {
  let active = 0;
  let most = 0;
  await using registry = await startRegistry({
    intercept: async ({ endpoint }, response) => {
      if (endpoint !== 'referrers') return false;
      most = Math.max(most, ++active);
      response.on('close', () => active--);
      // Time for another one to come, where there may be one.
      for (let turn = 0; turn < 50 && most < 2; turn++) await nextTurn();
      return false;
    },
  });
  await using workspace = await createWorkspace();
  const { image } = publish(registry);
  for (const content of ['{"a":1}', '{"a":2}', '{"a":3}']) {
    registry.store.add('team/app', buildArtifact({ artifactType: sbomType, subject: image, content }));
  }
  const config = 'export:\n  referrer_discovery:\n    max_concurrent_discoveries: 1\n';
  expect((await exportWith(registry, workspace, config)).code).toBe(0);
  expect(most).toBe(1);
  expect((await exportWith(registry, workspace, config, '--concurrency', '4')).code).toBe(0);
  expect(most).toBeGreaterThan(1);
});

test('timeout_seconds ends the discovery of one subject', async () => {
  await using registry = await startRegistry({ intercept: ({ endpoint }) => endpoint === 'referrers' });
  await using workspace = await createWorkspace();
  publish(registry);
  const config = 'export:\n  referrer_discovery:\n    timeout_seconds: 1\n';
  const { code, stderr } = await exportWith(registry, workspace, config);
  expect(stderr).toContain('within 1000 ms');
  expect(code).toBe(3);
});

test('a file that cannot be read, is too large or no text is named', async () => {
  await using registry = await startRegistry();
  await using workspace = await createWorkspace();
  const exportIt = ['bundle', 'export', `${registry.host}/a`, '--output', workspace.path('a.tgz'), '--config'];
  const gone = await cli([...exportIt, workspace.path('gone.yaml')]);
  expect(gone.stderr).toMatch(/^error: --config: .*gone\.yaml cannot be read: ENOENT/);
  await writeFile(workspace.path('large.yaml'), Buffer.alloc(65_537, '#'));
  const large = await cli([...exportIt, workspace.path('large.yaml')]);
  expect(large.stderr).toContain('is larger than 66 kB');
  await writeFile(workspace.path('bytes.yaml'), Buffer.from([0xff, 0xfe, 0x00]));
  const bytes = await cli([...exportIt, workspace.path('bytes.yaml')]);
  expect(bytes.stderr).toContain('bytes.yaml is not text in UTF-8');
  expect([gone.code, large.code, bytes.code]).toEqual([4, 4, 4]);
  expect(registry.requests).toEqual([]);
});
