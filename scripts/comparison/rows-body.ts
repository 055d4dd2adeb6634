import { gzipSync } from 'node:zlib';
import { answer, fixedList, indexOf, indexType } from './answers.js';
import { allFour, type RowGroup, type Scenario, silent } from './row.js';
import { ask, image, sbom, signature } from './scene.js';

const one = JSON.stringify(indexOf(sbom.descriptor));
const two = JSON.stringify(indexOf(sbom.descriptor, signature.descriptor));
const sixMiB = 6 * 1024 * 1024;

/** The API lists what is said, in an answer with a body that is said too. */
function listing(truth: number, body: unknown, type = indexType, label?: string): Scenario {
  return { label, truth, run: ask({ registry: fixedList(answer(200, type, body)) }) };
}

/** What the body of an answer means. */
export const bodyRows: RowGroup = {
  heading: 'The body of a 200; nothing under the referrers tag',
  rows: [
    {
      title: 'index type with `; charset=utf-8`, 1 referrer',
      containerd: '1',
      oras: silent('`[]`'),
      regclient: '1',
      ggcr: silent('`[]`'),
      scenarios: [listing(1, one, `${indexType}; charset=utf-8`)],
    },
    {
      title: '`application/json`, a valid index, 1 referrer',
      ...allFour(silent('`[]`')),
      containerd: '1',
      scenarios: [listing(1, one, 'application/json')],
    },
    {
      title: 'JSON that is cut off',
      ...allFour('error'),
      regclient: silent('`[]`'),
      scenarios: [listing(2, two.slice(0, -3))],
    },
    {
      title: 'a valid index of 1 and more JSON behind it',
      containerd: 'error',
      oras: '1',
      regclient: silent('`[]`'),
      ggcr: '1',
      scenarios: [listing(1, `${one} {}`)],
    },
    {
      title: '`{}`, or `manifests: null`',
      ...allFour(silent('`[]`')),
      scenarios: [
        listing(2, {}, indexType, '`{}`'),
        listing(2, { ...indexOf(), manifests: null }, indexType, '`null`'),
      ],
    },
    {
      title: 'gzip with a Content-Length, 2 referrers',
      ...allFour('2'),
      containerd: 'error: its limit is the compressed size',
      scenarios: [
        {
          truth: 2,
          run: ask({
            registry: fixedList({
              status: 200,
              headers: { 'content-type': indexType, 'content-encoding': 'gzip' },
              body: gzipSync(two),
            }),
          }),
        },
      ],
    },
    {
      title: '6 MiB',
      containerd: 'error that says "not found"',
      oras: 'error ("unexpected EOF")',
      regclient: 'read, no limit',
      ggcr: 'read, limit 100 MiB',
      scenarios: [listing(2, two.padEnd(sixMiB))],
    },
    {
      title: 'the subject among its own referrers, and 1 other',
      ...allFour('listed'),
      scenarios: [listing(1, indexOf(image.descriptor, sbom.descriptor))],
    },
    {
      title: 'a descriptor with the digest `../../../etc`',
      ...allFour('listed'),
      ggcr: 'error',
      scenarios: [listing(1, indexOf({ ...sbom.descriptor, digest: '../../../etc' }))],
    },
  ],
};
