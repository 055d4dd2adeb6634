import { isOciError } from '@stellaops/oci-referrers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkOptions } from '../../../src/content/check-options.js';
import { registryHosts } from '../../../src/remotes/option-schemas.js';
import { createCertsD, pemFiles } from './hosts-scene.js';

const url = fc.oneof(
  fc.constantFrom('https://m.example', 'http://10.0.0.1:5000/v2', 'm.example/a', 'docker.io', '__proto__', '1', ''),
  fc.webUrl(),
  fc.string({ unit: 'binary' }),
);
const files = fc.constantFrom(...Object.keys(pemFiles), 'missing.pem', '..', '/');
const scalar = fc.oneof(
  fc.constantFrom('pull', 'referrers', '1s', '5', 'x', '', ...Object.keys(pemFiles)),
  fc.string({ unit: 'binary' }),
  fc.boolean(),
  fc.integer(),
  fc.date({ noInvalidDate: true }),
);
const anything = fc.oneof(scalar, fc.array(scalar), fc.array(fc.array(scalar)), fc.dictionary(fc.string(), scalar));
/** A value that is right, or, less often, one that is anything. */
const mostly = (right: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 9, arbitrary: right }, { weight: 1, arbitrary: anything });
const hostTable = {
  capabilities: mostly(fc.subarray(['pull', 'resolve', 'push', 'referrers'])),
  ca: mostly(fc.oneof(files, fc.array(files))),
  client: mostly(fc.oneof(files, fc.array(fc.tuple(files, files), { maxLength: 1 }))),
  skip_verify: mostly(fc.boolean()),
  header: mostly(fc.dictionary(fc.constantFrom('x-a', 'x-b', 'cookie'), fc.oneof(fc.string(), fc.array(fc.string())))),
  override_path: mostly(fc.boolean()),
  dial_timeout: mostly(fc.constantFrom('1s', '2m', '0.5h')),
  authoritative: mostly(fc.boolean()),
};
const document = fc.record(
  {
    ...hostTable,
    server: mostly(url),
    host: mostly(fc.dictionary(url, mostly(fc.record(hostTable, { requiredKeys: [] })), { maxKeys: 3 })),
    [`x`]: fc.option(anything, { nil: undefined, freq: 20 }),
  },
  { requiredKeys: [] },
);

/** Writes a value as TOML, all of it inline. */
function toToml(value: unknown): string {
  if (value instanceof Date) return value.getUTCFullYear() > 9999 ? '1979-05-27' : value.toISOString();
  if (Array.isArray(value)) return `[${value.map(toToml).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return quote(value);
  const pairs = Object.entries(value).filter(([, entry]) => entry !== undefined);
  return `{ ${pairs.map(([key, entry]) => `${quote(key)} = ${toToml(entry)}`).join(', ')} }`;
}

function quote(value: unknown): string {
  return JSON.stringify(value).replace(/\x7f/g, '\\u007f');
}

const words = fc.constantFrom(
  ...['server', 'host', 'ca', 'client', 'header', '"https://m.example"', '"', "'", '"""', '\\', '=', '.', ',', ' '],
  ...['[', ']', '[[', ']]', '{', '}', '#', '\n', '\r\n', '\t', 'true', '1979-05-27', '1e5', '0x', '_', '\u0000', 'é'],
);

describe('a hosts.toml', () => {
  it.each<[string, fc.Arbitrary<string | Uint8Array>]>([
    ['of any bytes', fc.uint8Array({ minLength: 1, maxLength: 300 })],
    ['of any text', fc.string({ unit: 'binary', minLength: 1 })],
    ['that looks like TOML', fc.array(words, { minLength: 1, maxLength: 40 }).map((parts) => parts.join(''))],
    [
      'with any keys and values',
      document.map((root) =>
        Object.entries(root)
          .map(([key, value]) => `${key} = ${toToml(value ?? '')}\n`)
          .join(''),
      ),
    ],
  ])('%s gives hosts the resolver takes, or a typed error', async (_, text) => {
    const certsD = await createCertsD();
    await certsD.write('r.example', pemFiles);
    await fc.assert(
      fc.asyncProperty(text, async (content) => {
        const outcome: unknown = await certsD.read(content).catch((error: unknown) => error);
        if (isOciError(outcome)) expect(outcome).toMatchObject({ code: 'ERR_OCI_INVALID_OPTION', argument: 'hosts' });
        else checkOptions(registryHosts, outcome, 'hosts');
      }),
      { numRuns: 150 },
    );
  });

  it('written as it should be is never refused', async () => {
    const certsD = await createCertsD();
    await certsD.write('r.example', pemFiles);
    const table = fc.record(
      {
        capabilities: fc.subarray(['pull', 'resolve', 'push', 'referrers']),
        ca: fc.constantFrom('ca.pem', ['ca.pem', 'client.pem']),
        client: fc.constantFrom('client.pem', [['client.crt.pem', 'client.key.pem']]),
        skip_verify: fc.boolean(),
        header: fc.dictionary(fc.constantFrom('x-a', 'x-b'), fc.constantFrom('one', ['one', 'two'])),
        dial_timeout: fc.constantFrom('1s', '1m30s'),
        authoritative: fc.boolean(),
      },
      { requiredKeys: [] },
    );
    const domains = fc.uniqueArray(fc.domain(), { maxLength: 5, selector: (name) => name.toLowerCase() });
    await fc.assert(
      fc.asyncProperty(domains, table, async (names, settings) => {
        const lines = names.map((name) => `"https://${name}" = ${toToml(settings)}\n`).join('');
        const hosts = await certsD.read(`[host]\n${lines}`);
        expect(hosts?.map(({ host }) => host)).toEqual([...names, 'r.example']);
      }),
      { numRuns: 50 },
    );
  });
});
