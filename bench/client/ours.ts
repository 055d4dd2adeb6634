import { readFileSync } from 'node:fs';
import { finished } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { createResolver, type Descriptor, discoverReferrers, type Fetcher } from '@stellaops/oci-referrers';

// The same work as peers/client does, with the same flags and the same answer.
const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    work: text,
    host: text,
    ca: text,
    subjects: text,
    concurrency: text,
    subject: text,
    warm: { type: 'boolean' },
  },
});
const { work = 'list', host = '', ca, subject: described = '{}', warm = false } = values;
const subjects = Number(values.subjects ?? 1);
const concurrency = Number(values.concurrency ?? 1);
const subject = JSON.parse(described) as Descriptor;

/** A subject that nobody has asked about. */
function madeUp(at: number): Descriptor {
  const digest = `sha256:${(at >>> 0).toString(16).padStart(64, '0')}`;
  return { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: 1000 };
}

async function list(fetcher: Fetcher): Promise<number> {
  let next = 0;
  const worker = async (): Promise<number> => {
    let found = 0;
    while (next < subjects) {
      const referrers = await fetcher.fetchReferrers(madeUp(next++));
      found += referrers.length;
    }
    return found;
  };
  const found = await Promise.all(Array.from({ length: concurrency }, worker));
  return found.reduce((sum, one) => sum + one, 0);
}

/** Fetches and verifies every manifest and blob below the subject, and of all that refers to any of them. */
async function closure(fetcher: Fetcher): Promise<number> {
  const { nodes } = await discoverReferrers(fetcher, subject, { concurrency });
  const blobs = new Map<string, Descriptor>();
  for (const { parsed } of nodes.values()) {
    if (parsed.kind === 'index') continue;
    for (const blob of [parsed.manifest.config, ...parsed.manifest.layers]) blobs.set(blob.digest, blob);
  }
  const waiting = blobs.values();
  const worker = async (): Promise<void> => {
    for (const blob of waiting) await read(fetcher, blob);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return nodes.size + blobs.size;
}

async function read(fetcher: Fetcher, content: Descriptor): Promise<void> {
  await finished((await fetcher.fetch(content)).resume());
}

await using resolver = createResolver({
  credentials: () => ({ anonymous: true }),
  ...(ca === undefined ? {} : { tls: { [host]: { ca: readFileSync(ca, 'utf8') } } }),
});
const fetcher = await resolver.fetcher(`${host}/bench/app`);
if (warm) {
  await read(fetcher, subject);
  await fetcher.fetchReferrers(subject);
}
const cpu = process.cpuUsage();
const begun = performance.now();
const found =
  work === 'list'
    ? await list(fetcher)
    : work === 'pages'
      ? (await fetcher.fetchReferrers(subject)).length
      : await closure(fetcher);
const milliseconds = performance.now() - begun;
const { user, system } = process.cpuUsage(cpu);
// The kernel's figure: maxRSS begins with that of the process before this one.
const [, peakKiB] = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
console.log(
  JSON.stringify({ milliseconds, cpuSeconds: (user + system) / 1e6, peakBytes: Number(peakKiB) * 1024, found }),
);
