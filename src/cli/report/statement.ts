import { foreign, type Html, html } from './html.js';
import type { Statement, Tone } from './report-view.js';

/** Signs beside the words, for those who look; the words say the same. */
const signs: Readonly<Record<Tone, string>> = { good: '✓', notice: '!', bad: '✕', plain: '•' };

/** Draws a statement with the sign and colour of its tone. */
export function statement({ tone, text }: Statement, element: 'p' | 'span' | 'li'): Html {
  const sign = html`<span class="sign" aria-hidden="true">${signs[tone]}</span>`;
  const body = html`${sign} ${foreign(text, 2048)}`;
  if (element === 'p') return html`<p class="says ${tone}">${body}</p>`;
  return element === 'li'
    ? html`<li class="says ${tone}">${body}</li>`
    : html`<span class="says ${tone}">${body}</span>`;
}
