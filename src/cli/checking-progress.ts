import type { ReadProgress } from '../index.js';
import type { Output } from './output.js';

/** Shows how far the validation of a bundle has come. */
export function checkingProgress(output: Output): (progress: ReadProgress) => void {
  return ({ bytes, totalBytes }) => {
    output.progress({ label: 'checking', doneBytes: bytes, totalBytes });
  };
}
