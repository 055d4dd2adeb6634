import type { CorpusBase } from './corpus-base.js';
import type { CorpusCase, CorpusFamily } from './corpus-case.js';
import { derived } from './derived.js';
import { ends } from './ends.js';
import { entries } from './entries.js';
import { extensions } from './extensions.js';
import { forgeries } from './forgeries.js';
import { headers } from './headers.js';
import { manifests } from './manifests.js';
import { names } from './names.js';
import { packing } from './packing.js';
import { recordFields } from './record-fields.js';
import { recordText } from './record-text.js';
import { types } from './types.js';

/** Every way there is to tamper with a bundle; the cases that only a signature tells belong to `forgeries`. */
export const corpusFamilies: readonly CorpusFamily[] = [
  names,
  types,
  headers,
  extensions,
  ends,
  packing,
  entries,
  recordText,
  recordFields,
  derived,
  manifests,
  forgeries,
];

/** All cases with the name of their family. */
export function corpusCases(base: CorpusBase): readonly (CorpusCase & { readonly family: string })[] {
  return corpusFamilies.flatMap(({ name, cases }) => cases(base).map((one) => ({ ...one, family: name })));
}
