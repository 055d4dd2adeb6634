import { buildImage, buildIndex, type TestRegistryOptions } from '@stellaops/oci-referrers/testing';
import { answer, fixedList, indexOf, indexType } from './answers.js';
import { allFour, type Row, type RowGroup, silent } from './row.js';
import { ask, image, sbom, sbomType, signature, signatureType } from './scene.js';

const noApi = { referrersApi: false };
const children = ['amd64', 'arm64'].map((architecture) => buildImage({ platform: { os: 'linux', architecture } }));
const multi = buildIndex(children);
const wide = buildImage({ algorithm: 'sha512' });

/** A registry without the API that gives one fixed answer to whoever asks for a referrers tag. */
function tagAnswers(fixed: ReturnType<typeof answer>): TestRegistryOptions {
  return {
    ...noApi,
    rewrite: ({ endpoint, reference }, own) =>
      endpoint === 'manifest' && reference?.startsWith('sha256-') === true ? fixed : own,
  };
}

const gitlab: Row = {
  title: 'API 404, and the tag gives the subject, an index of 2 (GitLab)',
  ...allFour(silent('2 that are none')),
  oras: `${silent('2 that are none')}; mended later`,
  scenarios: [
    {
      truth: 0,
      run: ask({
        subject: multi,
        registry: tagAnswers(answer(200, indexType, Buffer.from(multi.manifest).toString())),
      }),
    },
  ],
};

const longDigest: Row = {
  title: 'API 404, a subject by sha512: which tag is asked',
  containerd: `\`sha512-\` and 128 characters: ${silent('`[]`')}`,
  oras: 'error: not a reference',
  regclient: '`sha512-` and 64 characters, as specified',
  ggcr: 'error: refuses the digest',
  scenarios: [
    {
      truth: 1,
      run: ask({
        subject: wide,
        tagged: [sbom.descriptor],
        registry: noApi,
        remark: ({ requests }) => {
          const tag = requests.find((request) => request.reference?.startsWith('sha512-'))?.reference ?? '';
          return `\`sha512-\` and ${tag.length - 'sha512-'.length} characters`;
        },
      }),
    },
  ],
};

/** What is found under the referrers tag. */
export const tagRows: RowGroup = {
  heading: 'The referrers tag',
  rows: [
    gitlab,
    {
      title: 'API 404, and the tag is an image manifest',
      ...allFour('`[]` \\*'),
      regclient: 'error',
      scenarios: [
        {
          truth: 0,
          run: ask({
            registry: tagAnswers(answer(200, image.descriptor.mediaType, Buffer.from(sbom.manifest).toString())),
          }),
        },
      ],
    },
    {
      title: 'API 404, and the tag is 500',
      ...allFour('error'),
      scenarios: [{ truth: 2, run: ask({ registry: tagAnswers(answer(500, 'text/plain', '')) }) }],
    },
    {
      title: 'API 500, and the tag lists 1 of 2',
      containerd: "the tag's list, no hint",
      oras: 'error',
      regclient: "the tag's list, no hint",
      ggcr: 'error',
      scenarios: [
        {
          truth: 2,
          run: ask({
            referrers: [sbom, signature],
            tagged: [sbom.descriptor],
            registry: fixedList(answer(500, 'text/plain', '')),
          }),
        },
      ],
    },
    longDigest,
  ],
};

/** What is made of a filter. */
export const filterRows: RowGroup = {
  heading: 'A filter for one artifact type; the image has a signature and an SBOM',
  rows: [
    {
      title: 'the server says that it filtered, and did not',
      ...allFour('1'),
      oras: '2',
      scenarios: [
        {
          truth: 1,
          run: ask({
            options: { artifactTypes: [signatureType] },
            registry: fixedList(
              answer(200, indexType, indexOf(sbom.descriptor, signature.descriptor), {
                'oci-filters-applied': 'artifactType',
              }),
            ),
          }),
        },
      ],
    },
    {
      title: 'the descriptor of the only match has no artifactType',
      ...allFour(silent('0')),
      scenarios: [
        {
          truth: 1,
          run: ask({
            referrers: [sbom],
            options: { artifactTypes: [sbomType] },
            registry: fixedList(answer(200, indexType, indexOf({ ...sbom.descriptor, artifactType: undefined }))),
          }),
        },
      ],
    },
  ],
};
