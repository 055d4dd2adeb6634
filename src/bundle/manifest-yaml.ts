import { compareText } from './canonical-json.js';
import type { BundleArtifact, BundleImage, BundleRecord, BundleSubject } from './record.js';
import { bytesOfText, type TextSink } from './written-text.js';

const header = `# What this bundle holds, for people. Made from bundle.json, which is what tools read.
# To check every file without any tool of ours: sha256sum -c checksums.sha256
`;

/**
 * Shows a bundle's record as block-style YAML, the bytes of `manifest.yaml`.
 *
 * @remarks Derived and one-way: nothing ever parses it. Entries are counted, not listed; the checksum files list them.
 * @see https://yaml.org/spec/1.2.2/#731-double-quoted-style
 */
export function emitManifestYaml(record: BundleRecord): Buffer {
  return bytesOfText((sink) => {
    writeManifestYaml(record, sink);
  });
}

/** Writes what {@link emitManifestYaml} gives, a line at a time. */
export function writeManifestYaml(record: BundleRecord, sink: TextSink): void {
  sink(header);
  for (const line of recordLines(record)) sink(`${line}\n`);
}

function* recordLines(record: BundleRecord): Generator<string> {
  yield `schemaVersion: ${record.schemaVersion}`;
  yield `bundleId: ${quoted(record.bundleId)}`;
  yield* optional('previousBundleId', record.previousBundleId);
  yield* optional('createdAt', record.createdAt);
  yield* optional('expiresAt', record.expiresAt);
  yield `generator: ${quoted(record.generator)}`;
  yield `complete: ${record.complete}`;
  yield countsLine(record);
  yield* section('requireReferrers', record.requireReferrers, ({ artifactType, min }) => [
    `artifactType: ${quoted(artifactType)}`,
    `min: ${min}`,
  ]);
  yield* section('images', record.images, imageLines);
  yield 'referrers:';
  yield* indented(section('subjects', record.referrers.subjects, subjectLines));
  yield* section('external', record.external, ({ digest, size, reason }) => [
    `digest: ${quoted(digest)}`,
    `size: ${size}`,
    `reason: ${reason}`,
  ]);
}

function countsLine(record: BundleRecord): string {
  const { subjects } = record.referrers;
  const artifacts = subjects.reduce((sum, subject) => sum + subject.artifacts.length, 0);
  const { images, entries, external } = record;
  return `counts: { images: ${images.length}, subjects: ${subjects.length}, artifacts: ${artifacts}, entries: ${entries.length}, external: ${external.length} }`;
}

function imageLines(image: BundleImage): string[] {
  const { included, missing } = image.platforms;
  return [
    `reference: ${quoted(image.reference)}`,
    `digest: ${quoted(image.digest)}`,
    `mediaType: ${quoted(image.mediaType)}`,
    `size: ${image.size}`,
    `platforms: { included: ${flowList(included)}, missing: ${flowList(missing)} }`,
  ];
}

function* subjectLines(subject: BundleSubject): Generator<string> {
  const { source, host, complete, found, included, filtered } = subject.discovery;
  yield `subject: ${quoted(subject.subject)}`;
  yield `reference: ${quoted(subject.reference)}`;
  yield `discovery: { source: ${source}, host: ${quoted(host)}, complete: ${complete}, found: ${found}, included: ${included}, filtered: ${filtered} }`;
  yield* section('artifacts', subject.artifacts, artifactLines);
}

function artifactLines(artifact: BundleArtifact): string[] {
  return [
    `digest: ${quoted(artifact.digest)}`,
    ...optional('artifactType', artifact.artifactType),
    `mediaType: ${quoted(artifact.mediaType)}`,
    `size: ${artifact.size}`,
    `path: ${quoted(artifact.path)}`,
    `sha256: ${quoted(artifact.sha256)}`,
    `category: ${quoted(artifact.category)}`,
    ...optional('tag', artifact.tag),
    ...(artifact.annotations === undefined ? [] : [`annotations: ${flowMap(artifact.annotations)}`]),
  ];
}

/** A key with a block list below it; the items hang two spaces further in. */
function* section<Item>(
  key: string,
  items: readonly Item[],
  linesOf: (item: Item) => Iterable<string>,
): Generator<string> {
  yield items.length === 0 ? `${key}: []` : `${key}:`;
  for (const item of items) {
    let bullet = '- ';
    for (const line of linesOf(item)) {
      yield `  ${bullet}${line}`;
      bullet = '  ';
    }
  }
}

function* indented(lines: Iterable<string>): Generator<string> {
  for (const line of lines) yield `  ${line}`;
}

function optional(key: string, value: string | undefined): string[] {
  return value === undefined ? [] : [`${key}: ${quoted(value)}`];
}

function flowList(items: readonly string[]): string {
  return `[${items.map(quoted).join(', ')}]`;
}

// A flow mapping, because a block mapping may not have a key of more than 1,024 characters.
function flowMap(record: Readonly<Record<string, string>>): string {
  const members = Object.entries(record)
    .sort(([a], [b]) => compareText(a, b))
    .map(([key, value]) => `${flowKey(key)}: ${quoted(value)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}

function flowKey(key: string): string {
  const isPlainSafe = /^[A-Za-z][A-Za-z0-9._/-]{0,127}$/.test(key);
  // What YAML 1.1 readers take for a boolean or for nothing.
  const isReserved = /^(?:true|false|null|yes|no|on|off|y|n)$/i.test(key);
  return isPlainSafe && !isReserved ? key : quoted(key);
}

/**
 * Every JSON string is a double-quoted YAML scalar, once the characters that YAML does not call printable, or that can
 * redraw a terminal, are escaped too.
 */
function quoted(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
