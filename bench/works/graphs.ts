import { type ClientName, clientNames, runClient } from '../clients.js';
import { inTurn, type Took } from '../figures.js';
import { type Row, rowOf } from '../row.js';
import { startStaticServer } from '../static-server.js';
import type { Thoroughness } from './plan.js';

const longList = 100_000;

/** W3: an index of 8 platforms, 200 referrers and 200 of those: every manifest and blob, fetched and verified. */
export async function measureClosure({ rounds }: Thoroughness): Promise<readonly Row[]> {
  await using server = await startStaticServer({ scene: 'closure' });
  const things = server.manifests + server.blobs;
  const concurrency = 16;
  const took = await inTurn(clientNames, rounds, async (client) => {
    const done = await runClient(client, server, { work: 'closure', concurrency });
    if (done.found !== things) throw new Error(`${client} found ${done.found} of ${things} manifests and blobs`);
    return done;
  });
  const row = {
    id: 'W3',
    work: `closure of ${server.manifests} manifests and ${server.blobs} blobs, ${concurrency} at once`,
    unit: 'ms',
    target: 1.3,
  };
  return [rowOf({ ...row, figure: ({ milliseconds }) => milliseconds, took })];
}

/** W4: one list of 100,000 referrers, in pages of 1,000. */
export async function measureLongList({ rounds }: Thoroughness): Promise<readonly Row[]> {
  await using server = await startStaticServer({ scene: 'pages' });
  const found = new Map<ClientName, number>();
  const read = async (client: ClientName): Promise<Took> => {
    const done = await runClient(client, server, { work: 'pages' });
    found.set(client, done.found);
    return done;
  };
  // It takes a minute: once is enough, and the short version does without.
  const slow = rounds > 1 ? { regclient: await read('regclient') } : {};
  const others = clientNames.filter((name) => name !== 'regclient');
  const took = { ...(await inTurn(others, rounds, read)), ...slow };
  if (found.get('ours') !== longList) throw new Error(`ours found ${String(found.get('ours'))} of ${longList}`);
  const short = [...found].filter(([, count]) => count !== longList);
  const note = short.map(([client, count]) => `${client} returns ${count.toLocaleString('en')} referrers`).join('; ');
  return [
    rowOf({
      id: 'W4',
      work: `one list of ${longList.toLocaleString('en')} referrers in 100 pages`,
      unit: 'ms',
      figure: ({ milliseconds }) => milliseconds,
      took,
      comparable: [...found].filter(([, count]) => count === longList).map(([client]) => client),
      target: 1,
      note: note === '' ? undefined : note,
    }),
  ];
}
