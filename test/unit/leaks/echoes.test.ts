import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { type Home, openHome } from './home.js';
import { account, everythingSaid, findSecrets } from './secrets.js';

const escaped = (text: string): string =>
  Array.from({ length: text.length }, (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`).join('');
const inJson = (text: string): string => `{"errors":[{"code":"DENIED","message":${text}}]}`;

/** How a registry may write what it was sent: by itself, in no form that says what it is. */
const bodies: readonly [string, (secret: string) => string][] = [
  ['in plain words', (secret) => `no ${secret}`],
  ['as a message', (secret) => inJson(JSON.stringify(`we do not like ${secret}`))],
  ['where it would be cut', (secret) => inJson(JSON.stringify(`${'x'.repeat(385)}${secret}`))],
  ['as a code', (secret) => `{"errors":[{"code":${JSON.stringify(secret)},"message":"no"}]}`],
  ['in a URL', (secret) => inJson(JSON.stringify(`see https://a.example/?why=${encodeURIComponent(secret)}`))],
  ['as a form', (secret) => inJson(JSON.stringify(new URLSearchParams({ why: secret }).toString()))],
  ['in base64', (secret) => inJson(JSON.stringify(`no ${Buffer.from(secret).toString('base64')}`))],
  ['in base64 for URLs', (secret) => inJson(JSON.stringify(`no ${Buffer.from(secret).toString('base64url')}`))],
  ['in the escapes of JSON', (secret) => inJson(`"no ${escaped(secret)}"`)],
];

const acts: readonly [string, (home: Home) => Promise<unknown>][] = [
  ['a manifest', (home) => home.resolver.resolve(home.reference)],
  [
    'a blob',
    async (home) => {
      const { descriptor } = home.sbom.blobs.at(-1) ?? home.image;
      return await buffer(await (await home.resolver.fetcher(home.reference)).fetch(descriptor));
    },
  ],
  ['a list', async (home) => await (await home.resolver.fetcher(home.reference)).fetchReferrers(home.image.descriptor)],
];

/** Password or token, without what stands around it in the header. */
function secretIn(authorization: string): string {
  const [scheme, value = ''] = authorization.split(' ');
  if (scheme !== 'Basic') return value;
  return Buffer.from(value, 'base64').toString().slice(`${account.username}:`.length);
}

async function saidWhen(
  type: 'basic' | 'bearer',
  status: number,
  write: (secret: string) => string,
  act: (home: Home) => Promise<unknown>,
): Promise<{ said: string; secrets: readonly string[] }> {
  const sent = new Set<string>();
  await using home = await openHome({
    registry: { auth: { type, ...account } },
    answer: ({ headers: { authorization }, endpoint }, right) => {
      if (authorization === undefined || endpoint === 'token') return right;
      sent.add(secretIn(authorization));
      return { status, headers: {}, body: Buffer.from(write(secretIn(authorization))) };
    },
  });
  const error: unknown = await act(home).then(
    () => undefined,
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(Error);
  expect(sent.size).toBeGreaterThan(0);
  const said = [everythingSaid(error), ...home.said].join('\n');
  // A code is shown in capitals, and what is left of a secret that was cut is one too.
  return { said, secrets: [...sent].flatMap((one) => [one, one.toUpperCase(), one.slice(0, 12)]) };
}

describe.each(bodies)('what a registry repeats %s', (_, write) => {
  it.each(acts)('of a password is not said, for %s', async (_name, act) => {
    const { said, secrets } = await saidWhen('basic', 403, write, act);
    expect(findSecrets(said, secrets)).toEqual([]);
  });

  it.each(acts)('of an opaque token is not said, for %s', async (_name, act) => {
    const { said, secrets } = await saidWhen('bearer', 410, write, act);
    expect(findSecrets(said, secrets)).toEqual([]);
  });
});

it('what a registry repeats of a password in a warning is not said', async () => {
  await using home = await openHome({
    registry: { auth: { type: 'basic', ...account } },
    answer: ({ headers: { authorization } }, right) => {
      const words = `299 - "stop using ${encodeURIComponent(secretIn(authorization ?? ''))} here"`;
      return { ...right, headers: { ...right.headers, warning: words } };
    },
  });
  await home.resolver.resolve(home.reference);
  expect(home.said.join('\n')).toContain('stop using REDACTED here');
  expect(findSecrets(home.said.join('\n'), home.secrets)).toEqual([]);
});

it('what else a registry says stays as it is', async () => {
  const { said } = await saidWhen(
    'basic',
    403,
    () => inJson('"no \\"such\\" account"'),
    async (home) => await home.resolver.resolve(home.reference),
  );
  expect(said).toContain('no "such" account');
});
