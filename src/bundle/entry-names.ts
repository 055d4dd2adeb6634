/** What an entry of a bundle is. */
export type EntryKind =
  | 'oci-layout'
  | 'index'
  | 'record'
  | 'manifest-yaml'
  | 'checksums'
  | 'signature'
  | 'table'
  | 'referrer'
  | 'blob';

const hex = '(?:sha256-[a-f0-9]{64}|sha512-[a-f0-9]{128})';

/** The names there are, in the order entries come in. */
const names: readonly (readonly [EntryKind, RegExp])[] = [
  ['oci-layout', /^oci-layout$/],
  ['index', /^index\.json$/],
  ['record', /^bundle\.json$/],
  ['manifest-yaml', /^manifest\.yaml$/],
  ['checksums', /^checksums\.sha(?:256|512)$/],
  ['signature', /^signatures\/(?:0\d|1[0-5])\.sigstore\.json$/],
  ['table', /^indexes\/(?:referrers|attestations)\.index\.json$/],
  ['referrer', new RegExp(`^referrers/${hex}/${hex}\\.json$`)],
  ['blob', /^blobs\/(?:sha256\/[a-f0-9]{64}|sha512\/[a-f0-9]{128})$/],
];

/** Finds out what an entry is; undefined for a name that no bundle has. */
export function kindOfEntry(path: string): EntryKind | undefined {
  return names.find(([, pattern]) => pattern.test(path))?.[0];
}

/** Returns the digest that an entry's own name claims for its content: blobs and referrers have one. */
export function digestInName(path: string): string | undefined {
  const match = /(?:^blobs\/|\/)(sha256|sha512)[/-]([a-f0-9]+)(?:\.json)?$/.exec(path);
  return match?.[1] === undefined || match[2] === undefined ? undefined : `${match[1]}:${match[2]}`;
}

/** Compares two entries by their place in a bundle: by kind, then by path, bytewise. */
export function compareEntries(left: string, right: string): number {
  const rank = (path: string): number => names.findIndex(([, pattern]) => pattern.test(path));
  return rank(left) - rank(right) || (left < right ? -1 : Number(left > right));
}
