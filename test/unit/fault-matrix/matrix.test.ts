import { inspect } from 'node:util';
import { isOciError } from '@stellaops/oci-referrers';
import { describe, expect, it } from 'vitest';
import { expectedOutcome } from './expected.js';
import { type Fault, faults } from './faults.js';
import { apiKey, type Holding, type Look, openScene, type Scene, type Setting, signature } from './scene.js';
import { type Step, steps } from './steps.js';

/** Every column the matrix has to have; a fault that gets lost from the table is missed here. */
const columns = [
  ...'400 401 403 405 406 408 410 424 429 500 501 502 503 504'.split(' '),
  ...['404 text', '404 NAME_UNKNOWN', '404 MANIFEST_UNKNOWN', '404 DENIED', '404 html'],
  ...['401 with the challenge again', 'reset before answer', 'reset mid-body', 'slow headers', 'drip', 'full pool'],
  ...['wrong content type', 'login page', 'oversize with Content-Length', 'oversize without Content-Length'],
  ...['gzip with length', 'gzip without length', 'gzip without header', 'trailing bytes'],
  ...['redirect same origin', 'redirect downgrade', 'redirect link-local', 'redirect loop', 'redirect endless'],
  'redirect other protocol',
  ...['404 text', 'login page', '500', 'right answer'].map((what) => `redirect other origin: ${what}`),
];
const rows = [
  ...['token', 'token while listing', 'HEAD', 'HEAD and GET', 'referrers page 1', 'referrers page 2', 'tag'],
  ...['manifest', 'manifest for its type', 'subject of an empty list', 'blob'],
];

type Outcome = { readonly look: Look } | { readonly error: unknown };

const covered = new Set<string>();
const cells = steps.flatMap((step) =>
  faults.map((fault) => ({ step, fault, name: nameOf(step, fault), expected: expectedOutcome(step, fault) })),
);
/** Faults that a second try gets over. */
const passing = cells.filter(
  ({ step, fault }) =>
    ([408, 429, 500, 502, 503, 504].includes(fault.status ?? 0) && fault.kind === 'refusal') ||
    fault.kind === 'reset' ||
    fault.kind === 'cut' ||
    // What is read in memory has one deadline for all of it; a blob only has to keep moving.
    (fault.kind === 'drip' && step.name === 'blob'),
);

describe.concurrent('a fault at one step of discovery never loses a referrer', () => {
  it.each(cells.map((cell) => [`${cell.name} → ${cell.expected}`, cell] as const))('%s', async (_title, cell) => {
    const { step, fault, name, expected } = cell;
    if (expected === 'not-supported') {
      await expectTruth({ step, fault, holding: 'tagged' });
      await expectTruth({ step, fault, holding: 'empty' });
      await expectError({ step, fault, holding: 'seen' }, 'ERR_OCI_REFERRERS_INCONSISTENT');
    } else if (expected === 'tag-absent') await expectTruth({ step, fault, holding: 'empty' });
    else if (expected === 'truth') await expectTruth({ step, fault, holding: 'plain' });
    else await expectError({ step, fault, holding: 'plain' }, expected);
    covered.add(name);
  });
});

describe.concurrent('a fault that passes costs one more request and nothing else', () => {
  it.each(passing.map((cell) => [cell.name, cell] as const))('%s, once', async (_title, { step, fault }) => {
    await expectTruth({ step, fault, holding: 'plain', isOnce: true });
  });
});

describe('the matrix', () => {
  it('covers every step with every fault', () => {
    expect(steps.map(({ name }) => name)).toEqual(rows);
    expect(faults.map(({ name }) => name).sort()).toEqual([...columns].sort());
    const missing = rows.flatMap((row) => columns.map((column) => `${row} × ${column}`)).filter((n) => !covered.has(n));
    expect(missing).toEqual([]);
    console.info(`fault matrix: ${covered.size} cells = ${rows.length} steps × ${columns.length} faults`);
  });
});

function nameOf(step: Step, fault: Fault): string {
  return `${step.name} × ${fault.name}`;
}

async function expectTruth(setting: Setting): Promise<void> {
  await using scene = await openScene(setting);
  const outcome = await run(scene, setting);
  if ('error' in outcome) throw outcome.error;
  expect(outcome.look, holdingOf(setting.holding)).toEqual(scene.truth);
}

async function expectError(setting: Setting, code: string): Promise<void> {
  await using scene = await openScene(setting);
  const outcome = await run(scene, setting);
  const got = 'error' in outcome ? outcome.error : outcome.look;
  expect(isOciError(got), `a typed error, not ${inspect(got)}`).toBe(true);
  expect(got).toMatchObject({ code });
}

async function run(scene: Scene, { fault }: Setting): Promise<Outcome> {
  const outcome: Outcome = await scene.look().then(
    (look) => ({ look }),
    (error: unknown) => ({ error }),
  );
  // The fault was really met, or kept from the registry by the pool.
  if (fault.kind === 'full-pool') expect(scene.hits).toBe(0);
  else expect(scene.hits).toBeGreaterThan(0);
  if (fault.kind === 'bad-redirect') expect(scene.elsewhere.requests).toEqual([]);
  expectSecretsAtHome(scene);
  expectNoSecretIn(scene, 'error' in outcome ? outcome.error : undefined);
  return outcome;
}

/** The record of both servers: what was sent where. */
function expectSecretsAtHome({ registry, elsewhere, secrets }: Scene): void {
  for (const { headers, url } of elsewhere.requests) {
    const sent = `${url} ${JSON.stringify(headers)}`;
    expect(headers).not.toHaveProperty('authorization');
    expect(headers).not.toHaveProperty('x-api-key');
    expect(secrets.filter((secret) => sent.includes(secret))).toEqual([]);
  }
  for (const { headers, endpoint, url } of registry.requests) {
    const isToken = endpoint === 'token';
    expect(headers['authorization'] ?? (isToken ? '' : 'Bearer ')).toMatch(isToken ? /^Basic / : /^Bearer /);
    expect(headers['x-api-key']).toBe(isToken ? undefined : apiKey);
    expect(secrets.filter((secret) => url.includes(secret))).toEqual([]);
  }
}

function expectNoSecretIn({ secrets, logged }: Scene, error: unknown): void {
  const said = [
    String(error),
    JSON.stringify(error),
    error instanceof Error ? error.stack : '',
    inspect(error, { depth: 8, showHidden: true }),
    ...logged,
  ].join('\n');
  expect([...secrets, signature].filter((secret) => said.includes(secret))).toEqual([]);
}

function holdingOf(holding: Holding): string {
  return `what the registry holds (${holding})`;
}
