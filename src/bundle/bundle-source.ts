import type { Readable } from 'node:stream';
import type { AbortableOptions } from '../content/abort.js';
import type { ListReferrersOptions, ReferrersList, ReferrersSource } from '../content/sources.js';
import { verifiedStream } from '../content/verify-stream.js';
import { OciError, ReferrersError } from '../errors/index.js';
import { assertDescriptor, type Descriptor } from '../oci/descriptor.js';
import type { BundleReader } from './bundle-reader.js';
import { blobPath } from './entry-paths.js';
import type { BundleArtifact, BundleRecord, BundleSubject } from './record.js';
import { recordByRepository } from './record-by-repository.js';

/**
 * Gives what a validated bundle holds, repository by repository: content by digest, hashed on its way, and lists as they
 * were found.
 *
 * @remarks A list says no more than the bundle does: one that was not confirmed at export is an error, one that a filter
 * has shortened comes with a warning. What the record says is sorted once for all repositories: there may be thousands.
 * @returns takes `host/repository`
 */
export function bundleSources(reader: BundleReader, record: BundleRecord): (repository: string) => ReferrersSource {
  const repositories = recordByRepository(record);
  const entries = new Set(record.entries.map(({ path }) => path));
  const external = new Map(record.external.map(({ digest, reason }) => [digest, reason]));
  const fetch = async (descriptor: Descriptor, options: AbortableOptions = {}): Promise<Readable> => {
    assertDescriptor(descriptor);
    const path = blobPath(descriptor.digest);
    if (!entries.has(path)) throw notCarried(descriptor.digest, external.get(descriptor.digest));
    const entry = await reader.readEntry(path, options);
    return verifiedStream(entry, descriptor, 'the bundle');
  };
  return (repository) => ({
    fetch,
    listReferrers(subject: Descriptor, options: ListReferrersOptions = {}): Promise<ReferrersList> {
      return new Promise((resolve) => {
        assertDescriptor(subject, 'subject');
        options.signal?.throwIfAborted();
        const list = repositories.get(repository)?.lists.get(subject.digest);
        if (list?.discovery.complete !== true) throw unconfirmed(subject.digest, repository, list);
        resolve(listOf(subject, list, options));
      });
    },
  });
}

function listOf(subject: Descriptor, list: BundleSubject, options: ListReferrersOptions): ReferrersList {
  const { artifactTypes: types = [], legacyTags = true } = options;
  const { host, filtered } = list.discovery;
  const isWanted = ({ artifactType = '' }: BundleArtifact): boolean =>
    types.length === 0 || types.includes(artifactType);
  const tagged = list.artifacts.flatMap((artifact) =>
    artifact.tag === undefined ? [] : [{ tag: artifact.tag, descriptor: describe(artifact) }],
  );
  const left = `${filtered} referrers of ${subject.digest} were left out when the bundle was written`;
  return {
    subject,
    referrers: list.artifacts
      .filter(({ tag }) => tag === undefined)
      .filter(isWanted)
      .map(describe),
    source: 'bundle',
    legacy: legacyTags ? tagged : [],
    filterAppliedBy: types.length === 0 ? 'none' : 'client',
    pages: 1,
    host,
    attempts: [],
    warnings: filtered > 0 ? [left] : [],
  };
}

function describe({ mediaType, digest, size, artifactType, annotations }: BundleArtifact): Descriptor {
  return { mediaType, digest, size, artifactType, annotations };
}

function notCarried(digest: string, reason: string | undefined): OciError {
  const why = reason === undefined ? 'does not hold it' : `leaves it out on purpose (${reason})`;
  return new OciError('ERR_OCI_NOT_FOUND', `cannot read ${digest}: the bundle ${why}`, {
    hint: 'take only the platforms that the bundle has; what a delta leaves out is in the bundle it builds on',
  });
}

function unconfirmed(subject: string, repository: string, list: BundleSubject | undefined): ReferrersError {
  const why = list === undefined ? 'nobody looked for them' : 'they could not be confirmed';
  return new ReferrersError(
    'ERR_OCI_REFERRERS_UNCONFIRMED',
    `the bundle does not say what refers to ${subject} in ${repository}: ${why} when it was written`,
    { subject, hint: 'export the image again where its registry can be asked' },
  );
}
