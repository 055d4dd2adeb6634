import { countOf } from './format-size.js';
import type { Output } from './output.js';

/** Shows how many manifests a walk has found so far. */
export function discoveryProgress(output: Output): (manifests: number) => void {
  return (manifests) => {
    output.progress({ label: 'discovering', count: countOf(manifests, 'manifest') });
  };
}
