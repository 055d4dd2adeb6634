import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { account, everythingSaid, findSecrets, formsOf } from './secrets.js';
import { startStranger } from './stranger.js';

const { password } = account;

describe('the search for secrets', () => {
  it.each([
    ['as it is', password],
    ['in the query of a URL', `?a=${encodeURIComponent(password)}`],
    ['in a form', new URLSearchParams({ password }).toString()],
    ['in JSON', JSON.stringify({ password })],
    ['in Basic authentication', Buffer.from(`${account.username}:${password}`).toString('base64')],
    ['in a longer base64 text', Buffer.from(`{"a":"xy${password}","b":1}`).toString('base64url')],
    ['in hex', Buffer.from(password).toString('hex')],
  ])('finds one %s', (_, text) => {
    expect(findSecrets(`before ${text} after`, [password])).toEqual([password]);
  });

  it('finds one in a field of a cause of a cause, and nothing where there is nothing', () => {
    const below = Object.assign(new Error('below'), { data: `{"token":"${password}"}` });
    const error = new Error('above', { cause: new Error('between', { cause: below }) });
    expect(findSecrets(everythingSaid(error), [password])).toEqual([password]);
    expect(findSecrets(everythingSaid(new Error('nothing')), [password])).toEqual([]);
  });

  it('looks for no form so short that it stands everywhere', () => {
    expect(Math.min(...formsOf(password).map((form) => form.length))).toBeGreaterThan(16);
  });

  it('sees every byte a stranger is sent', async () => {
    await using stranger = await startStranger();
    await new Promise((resolve) => {
      const { host, origin } = stranger;
      request(
        `${origin}/line?${password}`.replaceAll('ö', 'o'),
        { method: 'PUT', headers: { 'x-header': host } },
        resolve,
      ).end('body');
    });
    for (const part of ['PUT /line?pa:ss', `x-header: ${stranger.host}`, 'body'])
      expect(stranger.received()).toContain(part);
  });
});
