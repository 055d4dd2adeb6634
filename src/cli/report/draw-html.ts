import { createHash } from 'node:crypto';
import { drawHtmlFindings } from './draw-html-findings.js';
import { badge, drawDigest, drawHtmlTree } from './draw-html-tree.js';
import { escapedText, type Html, html, maxTextLength, styleElement } from './html.js';
import { reportStyle } from './report-style.js';
import type { Fact, ReportView } from './report-view.js';
import { statement } from './statement.js';

/**
 * Draws a report as one page that needs nothing else: no script, no link, no request.
 *
 * @param madeAt - when it was made, RFC 3339
 */
export function drawHtml(view: ReportView, madeAt: string): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy()}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${view.title} – ${view.kind}</title>
${styleElement(reportStyle)}
</head>
<body>
${drawHeader(view)}
<main>
${drawSections(view)}
</main>
<footer><p>Made by oci-referrers at <time datetime="${madeAt}">${madeAt}</time>. This page is one file: it runs nothing and loads nothing. A click on a digest selects all of it. Texts of more than ${maxTextLength} characters end in “…”; <code>--format json</code> has them whole.</p></footer>
</body>
</html>`;
  return page.markup;
}

/** Nothing may be loaded or run, whatever got into the page; only the style sheet that is in it counts. */
function policy(): string {
  const digest = createHash('sha256').update(reportStyle).digest('base64');
  return `default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'`;
}

function drawHeader({ kind, title, id, verdict, facts, categories }: ReportView): Html {
  const identity = id === undefined ? html`` : html`<p class="id">${drawDigest(id)}</p>`;
  const kinds = categories.map(([category, count]) => html`<li>${badge(category)} ${count}</li>`);
  const byKind =
    kinds.length === 0
      ? html``
      : html`<ul class="categories" role="list" aria-label="Referrers by category">${kinds}</ul>`;
  return html`<header><p class="eyebrow">${kind}</p><h1>${title}</h1>${identity}
<div class="verdict ${verdict.tone}">${statement(verdict, 'p')}</div>
<dl class="facts">${facts.map(drawFact)}</dl>${byKind}</header>`;
}

function drawFact({ label, value, note, tone }: Fact): Html {
  const more = note === undefined ? html`` : html`<span class="note">${note}</span>`;
  return html`<div class="fact ${tone}"><dt>${label}</dt><dd><span class="value">${value}</span>${more}</dd></div>`;
}

function drawSections(view: ReportView): readonly Html[] {
  const { findings, signatures, roots, rootsLeftOut, evidence, warnings, details } = view;
  const list = (items: typeof evidence): Html =>
    html`<ul class="lines" role="list">${items.map((item) => statement(item, 'li'))}</ul>`;
  const rows = details.map(([label, value]) => html`<div><dt>${label}</dt><dd>${escapedText(value, 2048)}</dd></div>`);
  const texts = warnings.map((text) => ({ tone: 'notice', text }) as const);
  return [
    ...(findings === undefined ? [] : [section('findings', 'Findings', drawHtmlFindings(view))]),
    ...(signatures === undefined ? [] : [section('signatures', 'Signatures', list(signatures))]),
    ...(warnings.length === 0 ? [] : [section('warnings', 'Warnings', list(texts))]),
    ...(roots.length + rootsLeftOut === 0
      ? []
      : [
          section(
            'tree',
            roots.length + rootsLeftOut > 1 ? 'Images and their referrers' : 'Image and its referrers',
            drawHtmlTree(view),
          ),
        ]),
    ...(evidence.length === 0 ? [] : [section('evidence', 'Who confirmed it', list(evidence))]),
    ...(rows.length === 0 ? [] : [section('details', 'Details', html`<dl class="pairs">${rows}</dl>`)]),
  ];
}

function section(id: string, title: string, body: Html): Html {
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>
${body}</section>
`;
}
