import { escapeText } from '../../index.js';

/** What may stay as it is: all else, also a letter that begins a word Mermaid looks for in whole lines, does not. */
const plain = [
  '(?!style|classDef)[A-Za-z0-9]',
  // Between two letters or digits these mean nothing, but for `www.`, which begins a link.
  '(?<=[A-Za-z0-9])(?:(?<![Ww]{3})[.]|[/+ -])(?=[A-Za-z0-9])',
  // A word on both sides of a colon may be the name of an icon.
  '(?<=[A-Za-z0-9]):(?=[0-9])|(?<=sha(?:256|512)):(?=[a-f0-9]{12})',
].join('|');

const zeroWidthSpace = '\u200B';

/**
 * Makes a text safe in a quoted label of a Mermaid diagram, where it is shown as it is and as nothing else.
 *
 * @remarks A label is markup three times over: Mermaid's, Markdown's and HTML's. Letters and digits stay, and so do a few
 * signs between two of them; every other character becomes Mermaid's numeric entity. Nothing is left of `://`, `www.` and
 * `@`, by which a renderer finds what to make a link of.
 * Mermaid decodes entities before it looks for icons and formulas: there a space without width keeps what it looks for apart.
 * @param most - characters kept before an ellipsis
 */
export function escapeMermaid(text: string, most: number): string {
  const matcher = new RegExp(`(${plain})|.`, 'gsu');
  const apart = escapeText(text, most).replace(/(?<=:)(?=fa-)|(?<=\$)(?=\$)/g, zeroWidthSpace);
  return apart.replace(matcher, (char: string, kept: string | undefined) => kept ?? `#${char.codePointAt(0) ?? 0};`);
}
