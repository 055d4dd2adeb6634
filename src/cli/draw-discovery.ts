import { escapeText } from '../index.js';
import { type ChildView, type Discovery, nameOfChild, type SubjectView } from './discovery.js';
import { countOf, formatSize, shortDigest } from './format-size.js';
import { leftOut } from './left-out.js';
import { referrerItem, typeOf } from './referrer-view.js';
import { drawTable } from './table.js';
import { drawTree, type TreeItem } from './tree.js';

const endpoints = {
  api: 'referrers API',
  'tag-schema': 'referrers tag schema',
  layout: 'image layout',
  bundle: "bundle's list",
} as const;

/** Draws an image with everything that refers to it, and how that was found out. */
export function drawDiscoveryTree(discovery: Discovery, isFiltered: boolean, width?: number): readonly string[] {
  const subjects = new Map(discovery.subjects.map((subject) => [subject.digest, subject]));
  const root = {
    key: discovery.digest,
    text: `${escapeText(discovery.reference)}  ${shortDigest(discovery.digest)}`,
  };
  const childrenOf = ({ key }: TreeItem): readonly TreeItem[] => {
    const subject = subjects.get(key);
    if (subject === undefined) return [];
    return [
      ...subject.manifests.map((child) => ({ key: child.digest, text: childLine(child) })),
      ...subject.referrers.map(referrerItem),
    ];
  };
  return [...drawTree(root, childrenOf, width), evidence(discovery, isFiltered)];
}

/** Lists every referrer with its full digest, one per line. */
export function drawDiscoveryTable(discovery: Discovery, isFiltered: boolean): readonly string[] {
  const isDeep = discovery.subjects.length > 1;
  const heading = ['TYPE', 'CATEGORY', 'SIZE', 'DIGEST', ...(isDeep ? ['SUBJECT'] : [])];
  const rows = discovery.subjects.flatMap((subject) =>
    subject.referrers.map((referrer) => [
      typeOf(referrer),
      referrer.category,
      formatSize(referrer.size),
      referrer.digest,
      ...(isDeep ? [subject.digest] : []),
    ]),
  );
  const title = `${escapeText(discovery.reference)}  ${discovery.digest}`;
  return [title, ...(rows.length === 0 ? [] : drawTable(heading, rows)), evidence(discovery, isFiltered)];
}

/** Says how many there are and who said so: an empty answer has to be as firm as any other. */
function evidence({ subjects }: Discovery, isFiltered: boolean): string {
  const referrers = new Set(subjects.flatMap((subject) => subject.referrers.map(({ digest }) => digest)));
  const sources = new Set(subjects.map((subject) => escapeText(sourceOf(subject))));
  const count = referrers.size === 0 ? 'no referrers' : countOf(referrers.size, 'referrer');
  const asked = subjects.length > 1 ? ` of ${subjects.length} manifests` : '';
  const filtered = subjects.reduce((sum, subject) => sum + subject.filtered, 0);
  const confirmed = `${count}${asked}, confirmed by the ${[...sources].join(' and the ')}`;
  const left = leftOut(filtered, isFiltered);
  return left === undefined ? confirmed : `${confirmed}; ${left}`;
}

/** Names the endpoint that said what refers to a manifest, and where it is; not escaped. */
export function sourceOf({ source, host }: Pick<SubjectView, 'source' | 'host'>): string {
  // A layout has no host.
  return source === 'layout' ? endpoints.layout : `${endpoints[source]} of ${host}`;
}

function childLine(child: ChildView): string {
  return `${escapeText(nameOfChild(child))}  ${shortDigest(child.digest)}  ${formatSize(child.size)}`;
}
