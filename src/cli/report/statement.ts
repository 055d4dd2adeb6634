import { escapedText, type Html, html } from './html.js';
import type { Statement } from './report-view.js';

/** A finding's message may name two paths and two digests. */
const maxStatementLength = 2048;

/** Draws a statement; the style sheet gives it the sign and colour of its tone, which add nothing to its words. */
export function statement({ tone, text }: Statement, element: 'p' | 'span' | 'li'): Html {
  const body = escapedText(text, maxStatementLength);
  if (element === 'p') return html`<p class="says ${tone}">${body}</p>`;
  return element === 'li'
    ? html`<li class="says ${tone}">${body}</li>`
    : html`<span class="says ${tone}">${body}</span>`;
}
