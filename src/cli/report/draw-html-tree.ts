import { countOf, formatSize } from '../format-size.js';
import { escapedText, type Html, html } from './html.js';
import type { NodeView, ReportView, Statement } from './report-view.js';
import { statement } from './statement.js';

/** The annotation that says when an artifact was made. */
const createdAnnotation = 'org.opencontainers.image.created';
/** Annotations of one manifest that are shown. */
const maxAnnotations = 32;
/** A browser lays out what is not in view of a list that is longer only when it comes into view. */
const longList = 100;
/** Deeper levels are not moved further in, on a telephone nothing would be left of a line; their number is shown. */
const deepLevel = 6;

/** Draws the images with everything that refers to them. */
export function drawHtmlTree({ roots, rootsLeftOut }: Pick<ReportView, 'roots' | 'rootsLeftOut'>): Html {
  const more = rootsLeftOut === 0 ? [] : [leftOutItem(countOf(rootsLeftOut, 'more image'))];
  return html`<ul class="tree${roots.length > longList ? ' long' : ''}" role="list">${[
    ...roots.map((root) => drawNode(root, 1)),
    ...more,
  ]}</ul>`;
}

function drawNode(node: NodeView, level: number): Html {
  const { name, kind, category, notes, trouble } = node;
  const mark = category === undefined ? kindOf(name, kind) : badge(category);
  const deep = level > deepLevel ? html` <span class="level">level ${level}</span>` : html``;
  return html`<li class="node ${kind}"><div class="row"><div class="name">${mark}${deep} <bdi class="title">${name}</bdi></div>${drawMeta(node)}</div>${[
    ...notes.map((note) => html`<p class="note">${note}</p>`),
    ...(trouble === undefined ? [] : [statement(trouble, 'p')]),
    ...drawAnnotations(node),
    drawBelow(node, level),
  ]}</li>
`;
}

/** What has no name but its kind needs not be told twice. */
function kindOf(name: string, kind: string): Html {
  return name === kind ? html`` : html`<span class="kind">${kind}</span>`;
}

/** Shows a category as a word with a colour of its own. */
export function badge(category: string): Html {
  return html`<span class="badge ${category}">${category}</span>`;
}

function drawMeta({ digest, size, annotations }: NodeView): Html {
  const created = annotations.find(([name]) => name === createdAnnotation)?.[1];
  return html`<div class="meta">${drawDigest(digest)}${[
    ...(size === undefined ? [] : [html` <span class="size">${formatSize(size)}</span>`]),
    ...(created === undefined ? [] : [html` <span>created ${escapedText(created, 64)}</span>`]),
  ]}</div>`;
}

/** Shows the beginning of a digest; all of it is there to be selected, which one click does. */
export function drawDigest(digest: string): Html {
  return html`<code class="digest" title="${digest}">${digest}</code>`;
}

function drawAnnotations({ annotations, annotationsLeftOut }: NodeView): readonly Html[] {
  const others = annotations.filter(([name]) => name !== createdAnnotation);
  if (others.length + annotationsLeftOut === 0) return [];
  const rows = others
    .slice(0, maxAnnotations)
    .map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`);
  const more = others.length - rows.length + annotationsLeftOut;
  const rest = more === 0 ? html`` : html`<p class="note">${countOf(more, 'more annotation')}, not shown here</p>`;
  return [
    html`<details class="small"><summary>${countOf(others.length + annotationsLeftOut, 'annotation')}</summary><dl class="pairs">${rows}</dl>${rest}</details>`,
  ];
}

function drawBelow({ evidence, children, leftOut, elsewhere }: NodeView, level: number): Html {
  const line = evidence ?? { tone: 'plain', text: `${children.length} below` };
  if (children.length + leftOut > 0) {
    const items = children.map((child) => drawNode(child, level + 1));
    const more = leftOut === 0 ? [] : [leftOutItem(countOf(leftOut, 'more manifest'))];
    const classes = `${level >= deepLevel ? 'flat' : ''}${children.length > longList ? ' long' : ''}`;
    return html`<details class="below" open><summary>${statement(line, 'span')}</summary><ul class="${classes}" role="list">
${[...items, ...more]}</ul></details>`;
  }
  const lines: Statement[] = evidence === undefined ? [] : [evidence];
  if (elsewhere === 'above') lines.push({ tone: 'plain', text: 'shown in full further up' });
  if (elsewhere === 'deeper') lines.push({ tone: 'notice', text: 'more below, too deep to be shown here' });
  return html`${lines.map((each) => statement(each, 'p'))}`;
}

function leftOutItem(what: string): Html {
  const text = `… and ${what} that this report has no room for; --format json has all of them`;
  return html`<li class="node">${statement({ tone: 'notice', text }, 'p')}</li>`;
}
