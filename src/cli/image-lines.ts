import { escapeText } from '../index.js';

/** Names an image of a bundle; with a digest beside it the line would be wider than a terminal. */
export function imageLines(image: { readonly reference: string; readonly digest: string }): readonly string[] {
  return [`  image  ${escapeText(image.reference)}`, `         ${image.digest}`];
}
