/**
 * A bundle writer of its own, made from docs/bundle-format.md alone: nothing of the library is imported.
 *
 * What it makes of a record and the blobs must be what the library wrote, byte for byte; else the page, or the library, is
 * wrong.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

interface Artifact {
  digest: string;
  artifactType?: string;
  mediaType: string;
  size: number;
  path: string;
  sha256: string;
  category: string;
  tag?: string;
  annotations?: Record<string, string>;
}

interface List {
  subject: string;
  reference: string;
  discovery: { source: string; host: string; complete: boolean; found: number; included: number; filtered: number };
  artifacts: Artifact[];
}

/** What `bundle.json` says, as far as it is needed here. */
export interface SecondRecord {
  schemaVersion: number;
  bundleId: string;
  previousBundleId?: string;
  createdAt?: string;
  expiresAt?: string;
  generator: string;
  complete: boolean;
  requireReferrers: { artifactType: string; min: number }[];
  images: {
    reference: string;
    digest: string;
    mediaType: string;
    size: number;
    platforms: { included: string[]; missing: string[] };
  }[];
  referrers: { subjects: List[] };
  entries: { path: string; size: number; digest: string; mediaType?: string }[];
  external: { digest: string; size: number; reason: string }[];
}

const ociIndex = 'application/vnd.oci.image.index.v1+json';
const refName = 'org.opencontainers.image.ref.name';

/** Makes all files of a bundle in mode `both`, in their order. */
export function filesOfBundle(recordText: string, blobs: ReadonlyMap<string, Buffer>): [string, Buffer][] {
  const record = JSON.parse(recordText) as SecondRecord;
  const text = (value: string): Buffer => Buffer.from(value);
  const listed = record.entries.map(({ path, digest }): [string, Buffer] => {
    const made: Record<string, () => Buffer> = {
      'oci-layout': () => text('{"imageLayoutVersion":"1.0.0"}\n'),
      'index.json': () => text(indexJson(record, blobs)),
      'indexes/attestations.index.json': () => text(attestationsTable(record)),
      'indexes/referrers.index.json': () => text(referrersTable(record)),
    };
    return [path, made[path]?.() ?? blobs.get(digest) ?? Buffer.alloc(0)];
  });
  const documents: [string, Buffer][] = [
    ['bundle.json', text(recordText)],
    ['manifest.yaml', text(manifestYaml(record))],
  ];
  const sums = (algorithm: string): Buffer => {
    const rows = [
      ...documents.map(([path, bytes]) => [path, `sha256:${sha256(bytes)}`]),
      ...record.entries.map(({ path, digest }) => [path, digest]),
    ];
    const own = rows.filter(([, digest = '']) => digest.startsWith(`${algorithm}:`));
    return text(own.map(([path = '', digest = '']) => `${digest.slice(7)}  ${path}\n`).join(''));
  };
  const long = sums('sha512');
  return [
    ...listed.slice(0, 2),
    ...documents,
    ['checksums.sha256', sums('sha256')],
    ...(long.length === 0 ? [] : [['checksums.sha512', long] satisfies [string, Buffer]]),
    ...listed.slice(2),
  ];
}

/** Computes `bundleId`. */
export function idOf({ entries, external }: SecondRecord): string {
  const lines = [
    ...entries.map(({ path, size, digest, mediaType = '-' }) => `entry ${path} ${size} ${digest} ${mediaType}`),
    ...external.map(({ digest, size, reason }) => `external ${digest} ${size} ${reason}`),
  ];
  return `sha256:${sha256(Buffer.from(lines.map((line) => `${line}\n`).join('')))}`;
}

/** Packs files as a plain tar. */
export function tar(files: readonly (readonly [string, Buffer])[]): Buffer {
  const padded = (bytes: Buffer): Buffer[] => [bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  const blocks = files.flatMap(([path, bytes]) => {
    const slash = path.lastIndexOf('/');
    const [prefix, name] = path.length <= 100 ? ['', path] : [path.slice(0, slash), path.slice(slash + 1)];
    const fits = prefix.length <= 155 && name.length <= 100;
    if (fits) return [header(name, prefix, bytes.length, '0'), ...padded(bytes)];
    let length = ` path=${path}\n`.length;
    while (`${length} path=${path}\n`.length !== length) length = `${length} path=${path}\n`.length;
    const pax = Buffer.from(`${length} path=${path}\n`);
    const own = header(path.slice(0, 100), '', bytes.length, '0');
    return [header('PaxHeader', '', pax.length, 'x'), ...padded(pax), own, ...padded(bytes)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

/** Frames a tar as `store`. */
export function store(content: Buffer): Buffer {
  const parts: Buffer[] = [Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff])];
  for (let at = 0; at < content.length; at += 65_535) {
    const data = content.subarray(at, at + 65_535);
    const head = Buffer.from([at + 65_535 >= content.length ? 1 : 0, 0, 0, 0, 0]);
    head.writeUInt16LE(data.length, 1);
    head.writeUInt16LE(65_535 - data.length, 3);
    parts.push(head, data);
  }
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(content), 0);
  trailer.writeUInt32LE(content.length, 4);
  return Buffer.concat([...parts, trailer]);
}

function header(name: string, prefix: string, size: number, type: string): Buffer {
  const zeros = (count: number): string => '\0'.repeat(count);
  const before = `${name.padEnd(100, '\0')}0000644\x000000000\x000000000\0${size.toString(8).padStart(11, '0')}\x00${'0'.repeat(11)}\0`;
  const after = `${type}${zeros(100)}ustar\x0000${zeros(64)}0000000\x000000000\0${prefix.padEnd(155, '\0')}${zeros(12)}`;
  const sum = Buffer.from(`${before}        ${after}`, 'latin1').reduce((total, byte) => total + byte, 0);
  return Buffer.from(`${before}${sum.toString(8).padStart(6, '0')}\0 ${after}`, 'latin1');
}

function manifestYaml(record: SecondRecord): string {
  const lines: string[] = [];
  const put = (indent: number, name: string, value: string | undefined): void => {
    if (value !== undefined) lines.push(`${' '.repeat(indent)}${name}: ${value}`);
  };
  const putList = <Item>(
    indent: number,
    name: string,
    items: Item[],
    putItem: (at: number, item: Item) => void,
  ): void => {
    if (items.length === 0) put(indent, name, '[]');
    else lines.push(`${' '.repeat(indent)}${name}:`);
    for (const item of items) {
      const first = lines.length;
      putItem(indent + 4, item);
      lines[first] = `${' '.repeat(indent + 2)}- ${(lines[first] ?? '').slice(indent + 4)}`;
    }
  };
  const q = (value: string | undefined): string | undefined => (value === undefined ? undefined : quoted(value));
  const list = (items: string[]): string => `[${items.map(quoted).join(', ')}]`;
  const { images, referrers, entries, external } = record;
  const artifacts = referrers.subjects.reduce((sum, one) => sum + one.artifacts.length, 0);
  put(0, 'schemaVersion', '1');
  for (const name of ['bundleId', 'previousBundleId', 'createdAt', 'expiresAt', 'generator'] as const) {
    put(0, name, q(record[name]));
  }
  put(0, 'complete', String(record.complete));
  put(
    0,
    'counts',
    `{ images: ${images.length}, subjects: ${referrers.subjects.length}, artifacts: ${artifacts}, entries: ${entries.length}, external: ${external.length} }`,
  );
  putList(0, 'requireReferrers', record.requireReferrers, (at, { artifactType, min }) => {
    put(at, 'artifactType', quoted(artifactType));
    put(at, 'min', String(min));
  });
  putList(0, 'images', images, (at, { reference, digest, mediaType, size, platforms }) => {
    for (const [name, value] of Object.entries({ reference, digest, mediaType })) put(at, name, quoted(value));
    put(at, 'size', String(size));
    put(at, 'platforms', `{ included: ${list(platforms.included)}, missing: ${list(platforms.missing)} }`);
  });
  lines.push('referrers:');
  putList(2, 'subjects', referrers.subjects, (at, { subject, reference, discovery: d, artifacts: own }) => {
    put(at, 'subject', quoted(subject));
    put(at, 'reference', quoted(reference));
    put(
      at,
      'discovery',
      `{ source: ${d.source}, host: ${quoted(d.host)}, complete: ${d.complete}, found: ${d.found}, included: ${d.included}, filtered: ${d.filtered} }`,
    );
    putList(at, 'artifacts', own, (in_, artifact) => {
      for (const name of ['digest', 'artifactType', 'mediaType'] as const) put(in_, name, q(artifact[name]));
      put(in_, 'size', String(artifact.size));
      for (const name of ['path', 'sha256', 'category', 'tag'] as const) put(in_, name, q(artifact[name]));
      put(in_, 'annotations', artifact.annotations && yamlMap(artifact.annotations));
    });
  });
  putList(0, 'external', external, (at, { digest, size, reason }) => {
    put(at, 'digest', quoted(digest));
    put(at, 'size', String(size));
    put(at, 'reason', reason);
  });
  const comment =
    '# What this bundle holds, for people. Made from bundle.json, which is what tools read.\n' +
    '# To check every file without any tool of ours: sha256sum -c checksums.sha256\n';
  return `${comment}${lines.map((line) => `${line}\n`).join('')}`;
}

function yamlMap(annotations: Record<string, string>): string {
  const members = Object.keys(annotations)
    .sort()
    .map((key) => {
      const isPlain =
        /^[A-Za-z][A-Za-z0-9._/-]{0,127}$/.test(key) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(key);
      return `${isPlain ? key : quoted(key)}: ${quoted(annotations[key] ?? '')}`;
    });
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}

function quoted(text: string): string {
  const ranges: [number, number][] = [
    [0x7f, 0x9f],
    [0xad, 0xad],
    [0x61c, 0x61c],
    [0x200b, 0x200f],
    [0x2028, 0x202e],
    [0x2060, 0x206f],
    [0xfeff, 0xfeff],
    [0xfff9, 0xffff],
  ];
  const units = JSON.stringify(text).split('');
  return units
    .map((unit) => {
      const code = unit.charCodeAt(0);
      return ranges.some(([from, to]) => code >= from && code <= to)
        ? `\\u${code.toString(16).padStart(4, '0')}`
        : unit;
    })
    .join('');
}

function tableRows(record: SecondRecord): { artifact: Artifact; list: List }[] {
  const key = ({ artifact, list }: { artifact: Artifact; list: List }): string =>
    `${artifact.digest} ${list.subject} ${list.reference}`;
  return record.referrers.subjects
    .flatMap((list) => list.artifacts.map((artifact) => ({ artifact, list })))
    .sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

function referrersTable(record: SecondRecord): string {
  const referrers = tableRows(record).map(({ artifact: { digest, artifactType, category, path }, list }) => {
    return { digest, artifactType, category, subject: list.subject, reference: list.reference, path };
  });
  return `${JSON.stringify({ schemaVersion: 1, referrers }, undefined, 2)}\n`;
}

function attestationsTable(record: SecondRecord): string {
  const names = ['dev.sigstore.bundle.predicateType', 'in-toto.io/predicate-type', 'predicateType'];
  const attestations = tableRows(record)
    .filter(({ artifact }) => artifact.category === 'attestation')
    .map(({ artifact: { digest, artifactType, annotations, path }, list: { subject, reference } }) => {
      const predicateType = names.map((name) => annotations?.[name] ?? '').find((value) => value !== '') ?? 'unknown';
      return { digest, artifactType, predicateType, subject, reference, path };
    });
  return `${JSON.stringify({ schemaVersion: 1, attestations }, undefined, 2)}\n`;
}

function indexJson(record: SecondRecord, blobs: ReadonlyMap<string, Buffer>): string {
  const repository = (reference: string): string => reference.replace(/@.*$/, '').replace(/:[^:/]+$/, '');
  const isOne = new Set(record.images.map(({ reference }) => repository(reference))).size === 1;
  const roots = record.images.map(({ reference, digest, mediaType, size }) => {
    const tag = /:([^:/]+)$/.exec(reference.replace(/@.*$/, ''))?.[1];
    const name = isOne && tag !== undefined ? tag : reference;
    return describe({ digest, mediaType, size }, { 'io.containerd.image.name': reference, [refName]: name });
  });
  const names = new Set(roots.map((root) => root.annotations?.[refName]));
  const untagged = new Map<string, ReturnType<typeof describe>>();
  const named = new Map<string, ReturnType<typeof describe>>();
  for (const { subject, reference, artifacts } of record.referrers.subjects) {
    const prefix = isOne ? '' : `${repository(reference)}:`;
    const own = artifacts.filter(({ digest }) => {
      const manifest = JSON.parse(String(blobs.get(digest))) as { subject?: { digest: string } };
      return manifest.subject?.digest === subject;
    });
    for (const artifact of own) {
      const kept = Object.entries(artifact.annotations ?? {}).filter(
        ([key]) => key !== refName && key !== 'io.containerd.image.name',
      );
      untagged.set(artifact.digest, describe(artifact, kept.length === 0 ? undefined : Object.fromEntries(kept)));
    }
    if (own.length > 0) {
      const bytes = Buffer.from(indexText(own.map((artifact) => describe(artifact, artifact.annotations))));
      const descriptor = { mediaType: ociIndex, digest: `sha256:${sha256(bytes)}`, size: bytes.length };
      const name = `${prefix}${subject.slice(0, 6)}-${subject.slice(7, 7 + 64)}`;
      named.set(name, describe(descriptor, { [refName]: name }));
    }
    for (const artifact of artifacts) {
      if (artifact.tag === undefined) continue;
      const name = `${prefix}${artifact.tag}`;
      named.set(name, describe(artifact, { [refName]: name }));
    }
  }
  for (const { digest } of record.images) untagged.delete(digest);
  const sorted = <Value>(map: Map<string, Value>): Value[] =>
    [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
  const others = sorted(named).filter((descriptor) => !names.has(descriptor.annotations?.[refName]));
  return indexText([...roots, ...sorted(untagged), ...others]);
}

interface Described {
  mediaType: string;
  digest: string;
  size: number;
  artifactType?: string | undefined;
  annotations?: Record<string, string> | undefined;
}

function describe(from: Described, annotations: Record<string, string> | undefined): Described {
  const { mediaType, digest, size, artifactType } = from;
  return { mediaType, digest, size, artifactType, annotations };
}

/** Objects in JavaScript put names such as `10` first: annotations are written member by member. */
function indexText(descriptors: Described[]): string {
  const manifests = descriptors.map(({ annotations, ...rest }) => {
    if (annotations === undefined) return JSON.stringify(rest);
    const members = Object.keys(annotations)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${JSON.stringify(annotations[key])}`);
    return `${JSON.stringify(rest).slice(0, -1)},"annotations":{${members.join(',')}}}`;
  });
  return `{"schemaVersion":2,"mediaType":"${ociIndex}","manifests":[${manifests.join(',')}]}`;
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
