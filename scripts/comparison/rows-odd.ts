import type { TestRegistryOptions } from '@stellaops/oci-referrers/testing';
import { answer, fixedList, loginPage, refusal } from './answers.js';
import { allFour, type Row, silent } from './row.js';
import { ask, sbom, signature } from './scene.js';

const both = [sbom, signature];

const cut: Row = {
  title: 'the connection is cut; the tag can be reached',
  containerd: silent('`[]` (5)'),
  oras: 'error, not retried by its policy',
  regclient: silent('`[]` (1)'),
  ggcr: 'error (4)',
  scenarios: [
    {
      truth: 2,
      run: ask({
        referrers: both,
        registry: {
          intercept: ({ endpoint, message }) => {
            if (endpoint === 'referrers') message.socket.destroy();
            return endpoint === 'referrers';
          },
        },
      }),
    },
  ],
};

const login: Row = {
  title: '200 `text/html`, or a redirect to a login page',
  containerd: 'error',
  oras: silent('`[]`'),
  regclient: silent('`[]`'),
  ggcr: silent('`[]`'),
  scenarios: [
    { label: '200', truth: 0, isBeyondLetter: true, run: ask({ registry: fixedList(loginPage) }) },
    {
      label: '302',
      truth: 0,
      isBeyondLetter: true,
      run: ask({
        registry: (elsewhere) => fixedList(answer(302, 'text/plain', '', { location: `${elsewhere}/login` })),
        elsewhere: { rewrite: () => loginPage },
      }),
    },
  ],
};

const unconfirmed: Row = {
  title: '406, and the image is not there either',
  ...allFour('–'),
  scenarios: [{ truth: 0, run: ask({ isSubjectThere: false, registry: fixedList(refusal(406, 'UNSUPPORTED')) }) }],
};

/** A registry whose API works for the first request and is denied ever after, as nodes of different versions do. */
function apiOnce(): TestRegistryOptions {
  let asked = 0;
  const denied = refusal(406, 'UNSUPPORTED');
  return { rewrite: ({ endpoint }, own) => (endpoint === 'referrers' && asked++ > 0 ? denied : own) };
}

const inconsistent: Row = {
  title: '406, where the API has worked before',
  ...allFour('–'),
  scenarios: [{ truth: 2, run: () => ask({ isSecondList: true, referrers: both, registry: apiOnce() })() }],
};

/** No answer, the wrong page, and what stands behind a list that is empty without a 404. */
export const oddRows: readonly Row[] = [cut, login, unconfirmed, inconsistent];
