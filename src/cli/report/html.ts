import { escapeText } from '../../index.js';

/** Markup that is ready to be written out; nothing but the functions of this file makes it. */
export interface Html {
  readonly markup: string;
}

type Value = string | number | Html | readonly Html[];

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Characters of a text that are shown; what is cut ends in an ellipsis. */
export const maxTextLength = 512;

/** Makes a text safe between tags and in a quoted attribute, with what would hide or reorder it made visible. */
function escapeHtml(text: string, most: number = maxTextLength): string {
  return escapeText(text, most).replace(/[&<>"']/g, (char) => entities[char] ?? '');
}

/**
 * Makes markup from a template; every value that is not markup itself is escaped, so that none can be forgotten.
 *
 * @remarks A value stands between tags or in a quoted attribute: nowhere else is its escaping enough.
 */
export function html(template: TemplateStringsArray, ...values: readonly Value[]): Html {
  return { markup: template.map((text, index) => text + markupOf(values[index])).join('') };
}

/** Makes markup of a text that is cut to another length than most are. */
export function escapedText(text: string, most: number): Html {
  return { markup: escapeHtml(text, most) };
}

/** Makes the element of a style sheet of ours, which is written as it is. */
export function styleElement(css: string): Html {
  return { markup: `<style>${css}</style>` };
}

function markupOf(value: Value | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return escapeHtml(value);
  if (typeof value === 'number') return `${value}`;
  return 'markup' in value ? value.markup : value.map(({ markup }) => markup).join('');
}
