import { answer, fixedList, refusal } from './answers.js';
import { allFour, type RowGroup, type Scenario, silent } from './row.js';
import { oddRows } from './rows-odd.js';
import { ask, sbom, signature } from './scene.js';

const both = [sbom, signature];

/** The registry has two referrers, and its API answers with a status. */
function faulty(status: number): Scenario {
  const registry = fixedList(answer(status, 'text/plain', ''));
  return { label: String(status), truth: 2, run: ask({ referrers: both, registry }) };
}

/** The registry has no referrers, and says in another way than by 404 that it has no API for them. */
function withoutApi(status: number): Scenario {
  const registry = fixedList(refusal(status, 'UNSUPPORTED'));
  return { label: String(status), truth: 0, isBeyondLetter: true, run: ask({ registry }) };
}

/** What the status of an answer means. */
export const statusRows: RowGroup = {
  heading: 'The status of the answer; nothing under the referrers tag',
  rows: [
    { title: '404', ...allFour('`[]`'), scenarios: [{ truth: 0, run: ask({ registry: { referrersApi: false } }) }] },
    {
      title: '404 `NAME_UNKNOWN`, a repository that is unknown or hidden',
      containerd: '`[]` \\*',
      oras: 'error; `[]` once it holds the API for missing, which its own test asks for',
      regclient: '`[]` \\*',
      ggcr: '`[]` \\*',
      scenarios: [{ truth: 2, run: ask({ registry: { rewrite: () => refusal(404, 'NAME_UNKNOWN') } }) }],
    },
    {
      title: '404 `DENIED`',
      ...allFour('`[]` \\*'),
      scenarios: [{ truth: 2, run: ask({ referrers: both, registry: fixedList(refusal(404, 'DENIED')) }) }],
    },
    { title: '400', ...allFour(silent('`[]`')), oras: 'error', scenarios: [faulty(400)] },
    {
      title: '401',
      containerd: silent('`[]`'),
      oras: 'error',
      regclient: `${silent('`[]`')}, which its own test asks for`,
      ggcr: 'error',
      scenarios: [faulty(401)],
    },
    {
      title: '403, 405',
      ...allFour(silent('`[]`')),
      oras: 'error',
      ggcr: 'error',
      scenarios: [faulty(403), withoutApi(405)],
    },
    {
      title: '406 (Artifactory)',
      ...allFour(silent('`[]`')),
      oras: 'error',
      ggcr: `${silent('`[]`')}, on request (ggcr#1962, ggcr#2026)`,
      scenarios: [withoutApi(406)],
    },
    {
      title: '408, 429',
      containerd: silent('`[]` (5 in 3 ms)'),
      oras: 'error (6 in 6.8 s)',
      regclient: silent('`[]` (1)'),
      ggcr: 'error (3 in 4.2 s)',
      scenarios: [faulty(408), faulty(429)],
    },
    {
      title: '500, 503, 504',
      containerd: silent('`[]` (2)'),
      oras: 'error (6)',
      regclient: silent('`[]` (1)'),
      ggcr: 'error (3)',
      scenarios: [faulty(500), faulty(503), faulty(504)],
    },
    {
      title: '502',
      containerd: silent('`[]` (1)'),
      oras: 'error (6)',
      regclient: silent('`[]` (1)'),
      ggcr: 'error (3)',
      scenarios: [faulty(502)],
    },
    {
      title: '501',
      containerd: silent('`[]` (1)'),
      oras: 'error (6)',
      regclient: silent('`[]` (1)'),
      ggcr: 'error (1)',
      scenarios: [withoutApi(501)],
    },
    ...oddRows,
  ],
};
