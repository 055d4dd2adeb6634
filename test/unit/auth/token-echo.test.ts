import type { Credentials } from '@stellaops/oci-referrers';
import { describe, expect, it } from 'vitest';
import { bound, clientFor, get, type SeenRequest } from '../http/support.js';
import { everythingSaid, findSecrets } from '../leaks/secrets.js';
import { authorizerFor } from './support.js';
import { startBearerRegistry, startTokenService, type TokenReply } from './token-service.js';

const password = 'pa:ss"/wörd+of=the&keeper';
const first = `first-${'refresh'.repeat(200)}`;
const second = `second/${'refresh+'.repeat(200)}`;

/** What a service may repeat of what it was sent: the header, what is in it, and the form of a POST. */
function repeated({ headers, body }: SeenRequest): string {
  const login = Buffer.from(headers.authorization?.split(' ')[1] ?? '', 'base64').toString();
  return `${login}${new URLSearchParams(body).get('refresh_token') ?? ''} came as ${headers.authorization ?? body}`;
}

const messages: readonly [string, (text: string) => TokenReply['body']][] = [
  ['in plain words', (text) => text.slice(0, 190)],
  ['as a message', (message) => ({ errors: [{ code: 'UNAUTHORIZED', message }] })],
  ['as a description', (text) => ({ error: 'invalid_grant', error_description: `no: ${text}` })],
  ['in a URL', (text) => ({ message: `see https://tokens.example/?why=${encodeURIComponent(text)}` })],
];

async function refusalFor(credentials: Credentials, write: (text: string) => TokenReply['body']): Promise<string> {
  const tokens = await startTokenService((request) => {
    if (request.body.includes('first-')) return { body: { access_token: 'T', refresh_token: second } };
    return { status: 401, body: write(repeated(request)) };
  });
  const registry = await startBearerRegistry({ realm: () => tokens.origin, accepts: () => true });
  const authorizer = authorizerFor(registry.origin, { credentials: () => credentials });
  const client = clientFor(registry.origin, { authorizer });
  const ask = (name: string): Promise<unknown> =>
    client.requestBytes(get(registry.origin, '/v2/', { scopes: [`repository:${name}:pull`] }), bound);
  // The second repository is asked for with the refresh token that came with the first one's token.
  const error = await ask('a').then(
    () => ask('b').catch((refused: unknown) => refused),
    (refused: unknown) => refused,
  );
  expect(error).toMatchObject({ code: 'ERR_OCI_UNAUTHORIZED' });
  return everythingSaid(error);
}

describe.each(messages)('what a token service repeats %s', (_, write) => {
  it('of a password is not said', async () => {
    expect(findSecrets(await refusalFor({ username: 'keeper', password }, write), [password])).toEqual([]);
  });

  it('of an identity token, and of the one that took its place, is not said', async () => {
    const said = await refusalFor({ identityToken: first }, write);
    expect(findSecrets(said, [first, second])).toEqual([]);
    expect(said).not.toMatch(/(?:refresh.?){3}/);
  });
});

it('a short password does not make what a token service says unreadable', async () => {
  const said = await refusalFor({ username: 'keeper', password: 'no' }, () => 'no such account');
  expect(said).toContain('no such account');
});
