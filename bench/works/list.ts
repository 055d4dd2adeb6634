import { type ClientName, clientNames, runClient } from '../clients.js';
import { inTurn } from '../figures.js';
import { type Row, rowOf } from '../row.js';
import { type ServerOptions, startStaticServer } from '../static-server.js';
import type { Thoroughness } from './plan.js';

const subjects = 5_000;
const targets: Readonly<Record<string, Readonly<Record<number, number>>>> = {
  http: { 1: 1.3, 16: 1.5, 64: 2 },
  https: { 16: 1.2, 64: 1.2 },
};
const names = { http: 'HTTP/1.1', https: 'HTTP/1.1 over TLS', h2: 'a server with HTTP/2 (ours: 1.1)' };

/** W1: lists the referrers of many subjects, 20 each, with everything but the answers kept from one to the next. */
export async function measureLists(how: Thoroughness): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const protocol of ['http', 'https', 'h2'] as const) {
    for (const concurrency of [1, 16, 64]) rows.push(await measureList(how, protocol, concurrency));
  }
  return [...rows, await measureServer(how)];
}

/** Shows whether the server limits the others: then two clients at once would get no more out of it than one. */
async function measureServer({ share }: Thoroughness): Promise<Row> {
  await using server = await startStaticServer({ scene: 'list' });
  const work = { work: 'list', subjects: subjects / share, concurrency: 16, isWarm: true } as const;
  const rates = async (client: ClientName): Promise<readonly [number, number]> => {
    const alone = await runClient(client, server, work);
    const both = await Promise.all([runClient(client, server, work), runClient(client, server, work)]);
    const slower = Math.max(...both.map(({ milliseconds }) => milliseconds));
    return [(work.subjects / alone.milliseconds) * 1000, (2 * work.subjects * 1000) / slower];
  };
  const [oneOfOurs, twoOfOurs] = await rates('ours');
  const [oneOfTheirs, twoOfTheirs] = await rates('oras-go');
  const say = (one: number, two: number): string => `${(two / one).toFixed(2)} times what one gets`;
  return {
    id: 'W1',
    work: 'two clients at once, 16 lists each, HTTP/1.1',
    unit: 'lists/s',
    ours: twoOfOurs,
    peers: { 'oras-go': twoOfTheirs },
    note: `two of ours get ${say(oneOfOurs, twoOfOurs)}, two of oras-go ${say(oneOfTheirs, twoOfTheirs)}`,
  };
}

async function measureList(
  { rounds, share }: Thoroughness,
  protocol: NonNullable<ServerOptions['protocol']>,
  concurrency: number,
): Promise<Row> {
  await using server = await startStaticServer({ scene: 'list', protocol });
  const count = subjects / share;
  const took = await inTurn(clientNames, rounds, async (client) => {
    const done = await runClient(client, server, { work: 'list', subjects: count, concurrency, isWarm: true });
    if (done.found !== count * 20) throw new Error(`${client} found ${done.found} of ${count * 20} referrers`);
    return done;
  });
  return rowOf({
    id: 'W1',
    work: `list ${count.toLocaleString('en')} subjects, ${concurrency} at once, ${names[protocol]}`,
    unit: 'lists/s',
    figure: ({ milliseconds }) => (count / milliseconds) * 1000,
    took,
    target: targets[protocol]?.[concurrency],
  });
}
