import { execFileSync } from 'node:child_process';
import type { DoctorReport } from '@stellaops/oci-referrers';
import type { RegistryAnswer } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import { account, apiKey, findSecrets } from '../leaks/secrets.js';
import { openWard, type Ward } from './scene.js';

const secrets = [account.password, apiKey];
const token = 'a-registry-token-of-the-caller';

/** Repeats all that was ever sent, decoded too, wherever an answer has room for words. */
function echo(status: number): Parameters<typeof openWard>[0] {
  const heard = new Set<string>([apiKey]);
  const words = (): string => [...heard].join(' ');
  const rewrite = (request: { headers: Readonly<Record<string, string>> }, right: RegistryAnswer): RegistryAnswer => {
    const header = request.headers['authorization'] ?? '';
    const value = header.replace(/^\S+ /, '');
    if (value !== '')
      for (const one of [header, value, Buffer.from(value, 'base64').toString('latin1')]) heard.add(one);
    heard.add(account.password);
    const spoken = {
      server: latin(words()),
      'docker-distribution-api-version': latin(words()),
      'x-said': latin(words()),
    };
    const body = Buffer.from(JSON.stringify({ errors: [{ code: 'DENIED', message: words(), detail: words() }] }));
    return right.status === 401 || status === 0
      ? { ...right, headers: { ...right.headers, ...spoken } }
      : { status, headers: { ...spoken, 'content-type': 'application/json' }, body };
  };
  return { auth: account, rewrite };
}

const latin = (text: string): string => text.replace(/[^ -~\u00a0-\u00ff]/g, '?');

async function examine(ward: Ward, more: object): Promise<DoctorReport> {
  const headers = { [ward.registry.host]: { 'x-api-key': apiKey } };
  return await ward.run({ headers, writeProbes: true, ...more });
}

describe('a report', () => {
  it.each([0, 400, 403, 404, 500])(
    'has no secret in it, where the registry repeats all of them (%i)',
    async (status) => {
      await using ward = await openWard(echo(status));
      expect(findSecrets(JSON.stringify(await examine(ward, account)), secrets)).toEqual([]);
      const fromProvider = await examine(ward, { credentials: () => account });
      expect(findSecrets(JSON.stringify(fromProvider), secrets)).toEqual([]);
      const withToken = JSON.stringify(await examine(ward, { token }));
      expect(findSecrets(withToken, [token, apiKey])).toEqual([]);
    },
  );

  it('names the user, and the variables of the password in its commands', async () => {
    await using ward = await openWard({ auth: account });
    const report = await ward.run(account);
    expect(report.results[1]).toMatchObject({
      severity: 'pass',
      evidence: { username: 'keeper', auth_method: 'basic' },
    });
    const missing = await ward.check('pull', { ...account, testTag: 'gone' });
    const commands = missing.howToFix.flatMap((fix) => fix.commands).join('\n');
    expect(commands).toContain('-u "$OCI__Username:$OCI__Password"');
    expect(commands).toContain('-H "Authorization: Bearer $TOKEN"');
  });

  it('has commands that a shell takes for what they are, whatever the registry names as its token service', async () => {
    const evil = "/tok'en/$(id)/`id`/;id;&id|id";
    await using ward = await openWard({
      rewrite: ({ endpoint }, right) =>
        endpoint === 'base'
          ? {
              status: 401,
              headers: { 'www-authenticate': `Bearer realm="${ward.registry.origin}${evil}",service="a'b"` },
            }
          : right,
    });
    const { howToFix } = await ward.check('pull', { testTag: 'gone' });
    const login = howToFix.flatMap((fix) => fix.commands).find((command) => command.startsWith('TOKEN='));
    // What curl is given, one argument a line.
    const script = `curl() { printf '%s\\n' "$@"; }; jq() { cat; }; ${login ?? ''}; printf %s "$TOKEN"`;
    const said = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\n');
    const url = new URL(`${ward.registry.origin}${evil}`);
    url.search = new URLSearchParams({ service: "a'b", scope: 'repository:library/alpine:pull' }).toString();
    expect(said).toContain(url.href);
  });

  it('has no command that sends a password where this client would not', async () => {
    await using ward = await openWard({
      rewrite: ({ endpoint }, right) =>
        endpoint === 'base'
          ? { status: 401, headers: { 'www-authenticate': 'Bearer realm="http://169.254.169.254/token",service="a"' } }
          : right,
    });
    const { howToFix } = await ward.check('pull', { ...account, testTag: 'gone' });
    expect(JSON.stringify(howToFix)).not.toContain('169.254');
  });
});
