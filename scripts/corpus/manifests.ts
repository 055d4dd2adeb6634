import { referrerPath } from '../../src/bundle/entry-paths.js';
import type { FindingCode } from '../../src/bundle/finding.js';
import { mediaTypes } from '../../src/oci/media-types.js';
import { artifactOf, type Forgery, forged, placeOf } from '../../test/unit/bundle-read/forge.js';
import type { CorpusBase } from './corpus-base.js';
import { type CorpusFamily, tarCase } from './corpus-case.js';

const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;

/** Changes to the manifest of a referrer; everything that names it agrees with what it has become. */
const changes: readonly (readonly [string, (text: string) => string | Buffer, ...FindingCode[]])[] = [
  ['no JSON', () => 'hello', 'OciManifestInvalid'],
  ['nothing', () => '', 'OciManifestInvalid'],
  ['two values', (text) => `${text}{}`, 'OciManifestInvalid'],
  ['a byte order mark', (text) => `\ufeff${text}`, 'OciManifestInvalid'],
  ['bytes that are not UTF-8', (text) => Buffer.from(`${text}\u00ff`, 'latin1'), 'OciManifestInvalid'],
  ['the same key twice', (text) => text.replace('{', '{"schemaVersion":2,'), 'OciManifestInvalid'],
  ['lists 50,000 deep', (text) => text.replace('{', `{"deep":${deep},`), 'OciManifestInvalid'],
  ['a prototype', (text) => text.replace('{', '{"__proto__":{"schemaVersion":2},')],
  [
    'a prototype in place of its version',
    (text) => text.replace('"schemaVersion":2', '"__proto__":{"schemaVersion":2}'),
    'OciManifestInvalid',
  ],
  ['a field nobody knows', (text) => text.replace('{', '{"unknown":1,')],
  ['a list of manifests as well', (text) => text.replace('{', '{"manifests":[],'), 'OciManifestInvalid'],
  ['version 1', (text) => text.replace('"schemaVersion":2', '"schemaVersion":1'), 'OciManifestInvalid'],
  [
    'another media type',
    (text) => text.replace(mediaTypes.ociManifest, mediaTypes.dockerManifest),
    'OciManifestInvalid',
  ],
  ['no config', (text) => text.replace('"config"', '"conf"'), 'OciManifestInvalid'],
  ['no layers', (text) => text.replace('"layers"', '"lay"'), 'OciManifestInvalid'],
  ['a negative size', (text) => text.replace(/"size":\d+/, '"size":-1'), 'OciManifestInvalid'],
  ['a size as text', (text) => text.replace(/"size":(\d+)/, '"size":"$1"'), 'OciManifestInvalid'],
  [
    'a digest in upper case',
    (text) => text.replace(/sha256:[a-f0-9]+/, (all) => `sha256:${all.slice(7).toUpperCase()}`),
    'OciManifestInvalid',
  ],
  [
    'a digest of no known algorithm',
    (text) => text.replace(/sha256:[a-f0-9]+/, `md5:${'a'.repeat(32)}`),
    'OciManifestInvalid',
  ],
  ['another size for its config', (text) => text.replace(/"size":\d+/, '"size":77'), 'BlobSizeMismatch'],
  [
    'content that is not there',
    (text) => text.replace(/"layers":\[\{([^}]*)sha256:[a-f0-9]{64}/, `"layers":[{$1sha256:${'0'.repeat(64)}`),
    'BlobMissing',
    'EntryUnexpected',
  ],
  ['no subject', (text) => text.replace('"subject"', '"object"'), 'ReferrerSubjectMismatch'],
  [
    'another subject',
    (text) => text.replace(/("subject".*sha256:)[a-f0-9]{64}/, `$1${'0'.repeat(64)}`),
    'ReferrerSubjectMismatch',
  ],
  [
    'a subject that is no descriptor',
    (text) => text.replace('"subject":{', '"subject":{"digest":7,"x":{').replace(/\}$/, '}}'),
    'OciManifestInvalid',
  ],
];

export const manifests: CorpusFamily = {
  name: 'manifests',
  cases: () => [
    ...changes.map(([what, change, ...codes]) =>
      tarCase(`a referrer whose manifest has ${what}`, codes, (base) =>
        forged(base.tar, (forgery) => {
          replaceReferrer(base, forgery, change);
        }),
      ),
    ),
    tarCase('a manifest larger than 4 MiB', 'LimitExceeded', (base) =>
      forged(base.tar, (forgery) => {
        replaceReferrer(base, forgery, (text) => text.replace('{', `{"x":"${'x'.repeat(2 ** 22)}",`));
      }),
    ),
  ],
};

/** Puts another manifest in the place of the signature, which nothing refers to. */
export function replaceReferrer(
  { sbom, signature }: CorpusBase,
  forgery: Forgery,
  change: (text: string) => string | Buffer,
): void {
  const subject = sbom.descriptor.digest;
  const artifact = artifactOf(forgery, subject);
  const text = Buffer.from(signature.manifest).toString();
  const bytes = Buffer.from(change(text));
  if (bytes.equals(Buffer.from(text))) throw new Error('the change of this case has no effect');
  const { digest, path } = placeOf(bytes);
  forgery.contents.delete(artifact.path);
  forgery.contents.delete(placeOf(Buffer.from(text)).path);
  const own = forgery.record.referrers.subjects.find((list) => list.subject === artifact.digest);
  if (own !== undefined) own.subject = digest;
  Object.assign(artifact, {
    digest,
    path: referrerPath(subject, digest),
    size: bytes.length,
    sha256: digest.slice('sha256:'.length),
  });
  for (const name of [path, artifact.path]) {
    forgery.contents.set(name, bytes);
    forgery.mediaTypes.set(name, artifact.mediaType);
  }
}
