import type { ReferrerView } from '../referrer-view.js';
import type { NodeFacts } from './report-view.js';

/** Takes from a referrer what a report says about it. */
export function factsOf({ digest, artifactType, size, category, tag, annotations }: ReferrerView): NodeFacts {
  return {
    kind: 'referrer',
    name: artifactType === undefined || artifactType === '' ? '(no type)' : artifactType,
    digest,
    size,
    category,
    annotations: Object.entries(annotations ?? {}),
    notes: tag === undefined ? [] : [`tag ${tag}`],
  };
}
