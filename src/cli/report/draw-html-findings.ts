import type { ValidationFinding } from '../../index.js';
import { countOf } from '../format-size.js';
import { escapedText, type Html, html } from './html.js';
import type { FindingGroup, ReportView } from './report-view.js';
import { statement } from './statement.js';

/** Findings of one code that are open to be read at once. */
const shownAtOnce = 10;
const maxMessageLength = 2048;

/** Draws what a validation found, code by code, with what to do next. */
export function drawHtmlFindings({ findings = [], findingsDropped }: ReportView): Html {
  const none = html`<div class="lines">${statement({ tone: 'good', text: 'The validation found nothing to object to.' }, 'p')}</div>`;
  const text = `… and ${countOf(findingsDropped, 'more finding')} that the validation counted and did not keep`;
  const dropped = findingsDropped === 0 ? html`` : statement({ tone: 'bad', text }, 'p');
  return html`${findings.length === 0 && findingsDropped === 0 ? none : findings.map(drawGroup)}${dropped}`;
}

function drawGroup({ code, severity, next, findings }: FindingGroup): Html {
  const first = findings.slice(0, shownAtOnce).map(drawFinding);
  const rest = findings.slice(shownAtOnce).map(drawFinding);
  const more =
    rest.length === 0
      ? html``
      : html`<details class="small"><summary>${countOf(rest.length, 'more finding')} of this code</summary><ul role="list">${rest}</ul></details>`;
  const count =
    findings.length === 1 ? html`` : html` <span class="count">${countOf(findings.length, 'finding')}</span>`;
  return html`<article class="finding ${severity}"><h3><span class="severity">${severity}</span> ${code}${count}</h3>
<p class="next"><b>Next:</b> ${next}</p><ul role="list">${first}</ul>${more}</article>`;
}

function drawFinding({ message, image, subject, digest, path, expected, actual }: ValidationFinding): Html {
  const fields = [
    ['Image', image],
    ['Subject', subject],
    ['Digest', digest],
    ['Where', path],
    ['Expected', expected],
    ['Found', actual],
  ] as const;
  const rows = fields.flatMap(([label, value]) => {
    return value === undefined ? [] : [html`<div><dt>${label}</dt><dd><code>${value}</code></dd></div>`];
  });
  return html`<li><p>${escapedText(message, maxMessageLength)}</p><dl class="pairs">${rows}</dl></li>`;
}
