import { type ClientName, clientNames, runClient } from '../clients.js';
import { inTurn } from '../figures.js';
import { type Row, rowOf } from '../row.js';
import { type ServerOptions, startStaticServer } from '../static-server.js';
import type { Thoroughness } from './plan.js';

const delayMs = 50;
/** As many for each of those that are asked at once, so that both take as long. */
const perWorker = 20;

/** W2: the same where each answer takes its time, and how many requests that makes. */
export async function measureLatency(how: Thoroughness): Promise<readonly Row[]> {
  const rows = [await measureDelayed(how, 1), await measureDelayed(how, 16)];
  for (const tagSchema of [false, true]) {
    for (const auth of [false, true]) rows.push(...(await countRequests({ tagSchema, auth })));
  }
  for (const tagSchema of [false, true]) rows.push(await countEmpty({ tagSchema }));
  return rows;
}

async function measureDelayed({ rounds }: Thoroughness, concurrency: number): Promise<Row> {
  await using server = await startStaticServer({ scene: 'list', delayMs });
  const subjects = perWorker * concurrency;
  const took = await inTurn(clientNames, Math.min(rounds, 3), async (client) => {
    const done = await runClient(client, server, { work: 'list', subjects, concurrency });
    if (done.found !== subjects * 20)
      throw new Error(`${client} found ${done.found} referrers of ${subjects} subjects`);
    return done;
  });
  return rowOf({
    id: 'W2',
    work: `list ${subjects} subjects, ${concurrency} at once, ${delayMs} ms per answer, cold`,
    unit: 'ms',
    figure: ({ milliseconds }) => milliseconds,
    took,
  });
}

type Style = Pick<ServerOptions, 'tagSchema' | 'auth'>;

/** Requests for the first list of a client, and for each one after it. */
async function countRequests(style: Style): Promise<readonly Row[]> {
  const lists = 10;
  await using server = await startStaticServer({ scene: 'list', ...style });
  const count = async (client: ClientName, work: { isWarm: boolean; subjects: number }): Promise<number> => {
    const { found } = await runClient(client, server, { work: 'list', ...work });
    if (found !== work.subjects * 20)
      throw new Error(`${client} found ${found} referrers of ${work.subjects} subjects`);
    return requestsOf(await server.seen());
  };
  const cold: Record<string, number> = {};
  const warm: Record<string, number> = {};
  for (const client of clientNames) {
    cold[client] = await count(client, { isWarm: false, subjects: 1 });
    const before = await count(client, { isWarm: true, subjects: 0 });
    warm[client] = ((await count(client, { isWarm: true, subjects: lists })) - before) / lists;
  }
  const how = `${nameOf(style)}${style.auth === true ? ', with a token' : ''}`;
  return [countRow(`first list, ${how}`, cold), countRow(`each list after the first, ${how}`, warm)];
}

/** Requests for an empty list, some of which only make sure that it is empty. */
async function countEmpty(style: Style): Promise<Row> {
  await using server = await startStaticServer({ scene: 'none', ...style });
  const counts: Record<string, number> = {};
  for (const client of clientNames) {
    const { found } = await runClient(client, server, { work: 'pages' });
    if (found !== 0) throw new Error(`${client} found ${found} referrers where there are none`);
    counts[client] = requestsOf(await server.seen());
  }
  return { ...countRow(`first list that is empty, ${nameOf(style)}`, counts), ratio: undefined };
}

function nameOf({ tagSchema }: Style): string {
  return tagSchema === true ? 'referrers tag' : 'referrers API';
}

function requestsOf(seen: Readonly<Record<string, number>>): number {
  const requests = Object.entries(seen).filter(([kind]) => kind !== 'connection');
  return requests.reduce((sum, [, count]) => sum + count, 0);
}

function countRow(work: string, { ours = Number.NaN, ...peers }: Readonly<Record<string, number>>): Row {
  const ratio = Math.min(...Object.values(peers)) / ours;
  return { id: 'W2', work, unit: 'requests', ours, peers, ratio, target: 1 };
}
