import { answer, fixedSecondPage, indexOf, indexType } from './answers.js';
import { allFour, type RowGroup, silent } from './row.js';
import { ask, image, sbom, signature } from './scene.js';

const both = [sbom, signature];
const gone = fixedSecondPage(answer(404, 'text/plain', '404 page not found\n'));

/** What a link to another page means. */
export const pagingRows: RowGroup = {
  heading: 'Pages: two referrers, one on each',
  rows: [
    {
      title: 'page 2 comes',
      containerd: silent('1 of 2'),
      oras: '2',
      regclient: '2',
      ggcr: silent('1 of 2'),
      scenarios: [{ truth: 2, run: ask({ referrers: both, registry: { pageSize: 1 } }) }],
    },
    {
      title: 'page 2 is 500',
      containerd: silent('1'),
      oras: 'error, after its callback got 1',
      regclient: `${silent('`[]`')}, page 1 thrown away`,
      ggcr: silent('1'),
      scenarios: [
        { truth: 2, run: ask({ referrers: both, registry: fixedSecondPage(answer(500, 'text/plain', '')) }) },
      ],
    },
    {
      title: 'page 2 is 404',
      containerd: silent('1'),
      oras: `${silent('1')}; the API then counts as missing`,
      regclient: silent('`[]`'),
      ggcr: silent('1'),
      scenarios: [{ truth: 2, run: ask({ referrers: both, registry: gone }) }],
    },
    {
      title: 'page 2 is 404, the tag lists 1 other',
      containerd: '1',
      oras: silent('2: page 1 and the tag, mixed'),
      regclient: '1, from the tag alone',
      ggcr: '1',
      scenarios: [
        { truth: 2, run: ask({ referrers: both, registry: gone, tagged: [{ ...image.descriptor, digest: other() }] }) },
      ],
    },
    {
      title: 'the link leads to another origin',
      containerd: 'not followed',
      oras: 'error',
      regclient: silent('followed'),
      ggcr: 'not followed',
      scenarios: [linkedTo((elsewhere) => `${elsewhere}/v2/team/app/referrers/${image.descriptor.digest}?last=x`)],
    },
    {
      title: 'the link leads in a circle',
      ...allFour('–'),
      oras: '201 requests, until the server gave up',
      regclient: '201 requests',
      scenarios: [linkedTo(() => '?last=again')],
    },
  ],
};

function other(): string {
  return `sha256:${'0'.repeat(64)}`;
}

function linkedTo(target: (elsewhere: string) => string): (typeof pagingRows.rows)[number]['scenarios'][number] {
  const registry = (elsewhere: string) => ({
    rewrite: (request: { readonly endpoint: string }, own: ReturnType<typeof answer>) =>
      request.endpoint === 'referrers'
        ? answer(200, indexType, indexOf(sbom.descriptor), { link: `<${target(elsewhere)}>; rel="next"` })
        : own,
  });
  return { truth: 2, run: ask({ registry }) };
}
