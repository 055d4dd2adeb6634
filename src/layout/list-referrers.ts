import type { ListReferrersOptions, ReferrersList } from '../content/sources.js';
import { ReferrersError } from '../errors/index.js';
import type { Descriptor } from '../oci/descriptor.js';
import { escapeText } from '../oci/escape.js';
import { isIndexType, isManifestType } from '../oci/media-types.js';
import { isLegacyTag } from '../oci/referrers-tag.js';
import { isListFor, type LayoutEntry } from './layout-entry.js';
import type { LayoutScan } from './scan-referrers.js';

/** What is known about a layout when it is asked for a list. */
export interface ListContext {
  readonly path: string;
  readonly entries: readonly LayoutEntry[];
  readonly scan: LayoutScan;
  /** `host/repository` whose list is asked for; any when absent. */
  readonly repository: string | undefined;
}

/**
 * Lists what refers to a manifest, by every convention there is, each referrer by its own manifest's word.
 *
 * @remarks What a list of another repository claims, and none of this one, is left to that repository.
 * @throws ReferrersError when a manifest that may be a referrer is not there, or a list is none
 */
export function listLayoutReferrers(
  context: ListContext,
  subject: Descriptor,
  options: ListReferrersOptions,
): ReferrersList {
  const { entries, scan, repository } = context;
  const { digest } = subject;
  assertComplete(context, digest);
  const lists = entries.filter((entry) => isListFor(entry, digest));
  const listed = lists.map((entry) => ({ entry, digests: childrenOf(context, entry, digest) }));
  const isOther = ({ repository: owner }: LayoutEntry): boolean =>
    repository !== undefined && owner !== undefined && owner !== repository;
  const others = new Set(listed.filter(({ entry }) => isOther(entry)).flatMap(({ digests }) => digests));
  const ours = new Set(listed.filter(({ entry }) => !isOther(entry)).flatMap(({ digests }) => digests));
  const found = (scan.referrers.get(digest) ?? []).filter((one) => ours.has(one.digest) || !others.has(one.digest));
  const types = options.artifactTypes ?? [];
  const referrers = [...found]
    .sort((a, b) => (a.digest < b.digest ? -1 : 1))
    .filter(({ artifactType = '' }) => types.length === 0 || types.includes(artifactType));
  return {
    subject,
    referrers,
    source: 'layout',
    legacy: options.legacyTags === true ? legacyOf(context, digest) : [],
    filterAppliedBy: types.length === 0 ? 'none' : 'client',
    pages: 1,
    host: 'layout',
    attempts: [],
    warnings: warningsOf(context, digest, ours, found),
  };
}

/** Every manifest index.json names could be a referrer, so each has to have been read. */
function assertComplete({ path, scan }: ListContext, subject: string): void {
  const [first] = scan.missing;
  if (first === undefined) return;
  throw new ReferrersError(
    'ERR_OCI_REFERRERS_UNCONFIRMED',
    `${path}: ${scan.missing.length} manifests that index.json names are not there, the first is ${first}; any of them could refer to ${subject}`,
    { subject, hint: 'the layout was copied only in part: copy it again, or take what is missing out of index.json' },
  );
}

function childrenOf({ path, scan }: ListContext, { descriptor, name }: LayoutEntry, subject: string): string[] {
  const facts = scan.manifests.get(descriptor.digest);
  const what = `${path}: the list of referrers ${escapeText(name ?? descriptor.digest, 200)}`;
  if (facts === undefined || !isIndexType(descriptor.mediaType)) {
    throw new ReferrersError('ERR_OCI_REFERRERS_TAG_INVALID', `${what} is no image index`, {
      subject,
      hint: 'something else has this name in index.json; give it another one',
    });
  }
  const lost = facts.children.find(({ digest }) => !scan.manifests.has(digest));
  if (lost === undefined) return facts.children.map(({ digest }) => digest);
  throw new ReferrersError('ERR_OCI_REFERRERS_INCONSISTENT', `${what} names ${lost.digest}, which is not there`, {
    subject,
    hint: 'the layout was copied only in part, or something deleted it: copy the image with its referrers again',
  });
}

function legacyOf({ entries, scan, repository }: ListContext, subject: string): ReferrersList['legacy'] {
  return entries.flatMap(({ kind, tag, repository: owner, descriptor }) => {
    if (kind !== 'legacy' || tag === undefined || !isLegacyTag(tag, subject)) return [];
    if (repository !== undefined && owner !== undefined && owner !== repository) return [];
    const facts = scan.manifests.get(descriptor.digest);
    return facts === undefined ? [] : [{ tag, descriptor: facts.described }];
  });
}

function warningsOf(
  { entries }: ListContext,
  subject: string,
  listed: ReadonlySet<string>,
  found: readonly Descriptor[],
): string[] {
  const own = new Set(found.map(({ digest }) => digest));
  const strangers = [...listed].filter((digest) => !own.has(digest));
  const unread = entries.filter(({ descriptor }) => !isManifestType(descriptor.mediaType)).length;
  return [
    ...strangers.map((digest) => `${digest} is listed as a referrer of ${subject} and does not name it; left out`),
    ...(unread === 0 ? [] : [`${unread} entries of index.json are no manifests of a known type and were not read`]),
  ];
}
