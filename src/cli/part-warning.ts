import type { Output } from './output.js';

/** Warns of a part given in place of the list of parts: the first one reads like a bundle that is cut short. */
export function warnOfPart(file: string, output: Pick<Output, 'warn'>): void {
  const name = /^(.*)\.part\d{3,4}$/.exec(file)?.[1];
  if (name !== undefined) output.warn(`${file} is one part of a bundle; the whole of it is ${name}.parts.json`);
}
