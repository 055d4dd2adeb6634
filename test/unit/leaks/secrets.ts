import { inspect } from 'node:util';

/** The user whose secrets must stay at home; every one of them is a word that stands nowhere else. */
export const account = { username: 'keeper', password: 'pa:ss/wörd+of=the&keeper' };
/** Configured as the header `X-Api-Key` of the registry at home. */
export const apiKey = 'api-key-of-home';
/** What a store writes into the query of its URLs: that store gets it, and nobody reads it in an error. */
export const signature = 'signature-of-a-presigned-url';

/** Every form in which a secret may have been written by accident. */
export function formsOf(secret: string): string[] {
  const forms = [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)];
  const bytes = Buffer.from(secret);
  // A base64 text inside a longer one begins at any of three places; what is cut off here depends on its neighbours.
  for (const before of ['', 'x', 'xx']) {
    const within = Buffer.concat([Buffer.from(before), bytes]);
    const start = Math.ceil((before.length * 4) / 3);
    const text = within.toString('base64').slice(start, Math.floor((within.length * 4) / 3));
    forms.push(text, text.replaceAll('+', '-').replaceAll('/', '_'), encodeURIComponent(text));
  }
  forms.push(bytes.toString('hex'), new URLSearchParams({ '': secret }).toString().slice(1));
  return [...new Set(forms)];
}

/** Names each secret that is found in a text, in whatever form. */
export function findSecrets(text: string, secrets: Iterable<string>): string[] {
  return [...secrets].filter((secret) => formsOf(secret).some((form) => text.includes(form)));
}

/** Everything an error says to whoever prints, logs, stores or inspects it, the errors below it included. */
export function everythingSaid(error: unknown): string {
  const said: string[] = [];
  const seen = new Set<unknown>();
  const collect = (value: unknown): void => {
    if (value === undefined || seen.has(value)) return;
    seen.add(value);
    said.push(value as string, safeJson(value), inspect(value, { depth: Infinity, showHidden: true }));
    if (!(value instanceof Error)) return;
    said.push(
      value.stack ?? '',
      ...Object.getOwnPropertyNames(value).map((name) => `${name}: ${String(Reflect.get(value, name))}`),
    );
    collect(value.cause);
    if (value instanceof AggregateError) value.errors.forEach(collect);
  };
  collect(error);
  return said.join('\n');
}

/** What a log gets that writes objects as JSON; a cycle in some error of Node's own is no leak. */
function safeJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return '';
  }
}
