import { answer, median, save, start } from '../processes.js';
import type { Measured, Seen, Served } from './messages.js';
import type { SceneName } from './scenes.js';

const runs = 5;
const MiB = 1024 * 1024;

/** One line of the table: what was promised, and what was measured. */
interface Row {
  readonly work: string;
  readonly promise: string;
  readonly measured: string;
  readonly milliseconds: number;
  readonly isKept: boolean;
}

interface Run extends Measured, Seen {}

async function runOnce(scene: SceneName): Promise<Run> {
  const server = start('bounds/server', scene);
  try {
    const served = await answer<Served>(server);
    const client = start('bounds/client', scene);
    client.send(served);
    const measured = await answer<Measured>(client);
    server.send('seen');
    return { ...measured, ...(await answer<Seen>(server)) };
  } finally {
    server.kill();
  }
}

async function measure(scene: SceneName, judge: (runs: readonly Run[]) => Omit<Row, 'milliseconds'>): Promise<Row> {
  const all: Run[] = [];
  for (let run = 0; run < runs; run++) all.push(await runOnce(scene));
  return { ...judge(all), milliseconds: Math.round(median(all.map(({ milliseconds }) => milliseconds))) };
}

const worst = (all: readonly Run[], of: (run: Run) => number): number => Math.max(...all.map(of));

/** Lists 10,000 referrers and compares what the process grew by with a bound. */
async function measurePages(scene: SceneName, work: string, maxMiB: number): Promise<Row> {
  return await measure(scene, (all) => {
    const above = worst(all, ({ peakBytes, idleBytes }) => peakBytes - idleBytes) / MiB;
    return {
      work,
      promise: `under ${maxMiB} MiB above idle`,
      measured: `${above.toFixed(1)} MiB above idle`,
      isKept: above < maxMiB && all.every(({ found, requests }) => found === 10_000 && requests === 101),
    };
  });
}

/** Measures discovery, prints a table and tells whether every bound was kept. */
export async function measureDiscovery(): Promise<boolean> {
  const rows: readonly Row[] = [
    await measurePages('pages', 'list 10,000 referrers in 100 pages', 64),
    // All raw bytes together are 100 MiB: staying below shows that pages do not pile up.
    await measurePages('paddedPages', 'the same, each page padded to 1 MiB', 100),
    await measure('subjects', (all) => {
      const connections = worst(all, ({ maxConnections }) => maxConnections);
      return {
        work: 'list 1,000 subjects, 64 at once',
        promise: 'no more than 64 connections',
        measured: `${connections} connections`,
        isKept: connections <= 64 && all.every(({ found, requests }) => found === 2_000 && requests === 1_001),
      };
    }),
    await measure('closure', (all) => {
      const most = worst(all, ({ manifestRequests }) => manifestRequests);
      return {
        work: 'walk 1,000 referrers',
        promise: 'each manifest once',
        measured: `${most} requests for ${worst(all, ({ distinctManifests }) => distinctManifests)} manifests`,
        isKept: all.every(
          (run) => run.found === 1_001 && run.manifestRequests === 1_001 && run.distinctManifests === 1_001,
        ),
      };
    }),
  ];

  console.table(
    rows.map(({ work, promise, measured, milliseconds, isKept }) => ({
      work,
      promise,
      measured,
      'median ms': milliseconds,
      kept: isKept ? 'yes' : 'NO',
    })),
  );
  save('discovery.json', { runs, rows });
  return rows.every(({ isKept }) => isKept);
}
