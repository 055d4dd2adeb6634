import { createResolver, type Descriptor, discoverReferrers, type Fetcher } from '@stellaops/oci-referrers';
import type { Measured, Served } from './messages.js';
import { repository, type SceneName } from './scenes.js';

const concurrency = 64;
const sampleMs = 5;

type Work = (fetcher: Fetcher, subjects: readonly Descriptor[]) => Promise<number>;

const listFirst: Work = async (fetcher, [subject]) =>
  subject === undefined ? 0 : (await fetcher.fetchReferrers(subject)).length;

/** The work of each scene; returns how much it found. */
const works: Readonly<Record<SceneName, Work>> = {
  pages: listFirst,
  paddedPages: listFirst,

  async subjects(fetcher, subjects) {
    const waiting = subjects.values();
    let found = 0;
    const work = async (): Promise<void> => {
      for (const subject of waiting) {
        const referrers = await fetcher.fetchReferrers(subject);
        found += referrers.length;
      }
    };
    await Promise.all(Array.from({ length: concurrency }, work));
    return found;
  },

  closure: async (fetcher, [subject]) =>
    subject === undefined ? 0 : (await discoverReferrers(fetcher, subject, { concurrency })).nodes.size,
};

async function measure(name: SceneName, { host, subjects }: Served): Promise<Measured> {
  await using resolver = createResolver({ credentials: () => ({ anonymous: true }) });
  const fetcher = await resolver.fetcher(`${host}/${repository}`);
  // Idle means loaded and connected: what the first request of all costs is not what the work costs.
  await fetcher.fetchReferrers({
    mediaType: subjects[0]?.mediaType ?? '',
    digest: `sha256:${'0'.repeat(64)}`,
    size: 1,
  });
  globalThis.gc?.();
  const idleBytes = process.memoryUsage.rss();
  let peakBytes = idleBytes;
  const sampler = setInterval(() => {
    peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
  }, sampleMs);
  const begun = performance.now();
  const found = await works[name](fetcher, subjects);
  const milliseconds = performance.now() - begun;
  clearInterval(sampler);
  return { milliseconds, found, idleBytes, peakBytes: Math.max(peakBytes, process.memoryUsage.rss()) };
}

process.once('message', (served: Served) => {
  void measure(process.argv[2] as SceneName, served).then((measured) => {
    process.send?.(measured);
    process.disconnect();
  });
});
