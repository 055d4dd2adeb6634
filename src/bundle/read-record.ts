import type { Readable } from 'node:stream';
import type { AbortableOptions } from '../content/abort.js';
import { readBounded } from '../content/read.js';
import { BundleError } from '../errors/index.js';
import { BundleReader } from './bundle-reader.js';
import { entryPaths } from './entry-paths.js';
import { loadRecord } from './load-record.js';
import type { BundleRecord } from './record.js';
import { defaultValidationLimits } from './validation-rule.js';

const { maxRecordBytes } = defaultValidationLimits;

/**
 * Reads what a bundle says about itself, without checking that it is true; {@link ImportValidator} does that.
 *
 * @param source - path of the file, its bytes, or a reader that has been iterated over and stays open
 * @throws {@link BundleError} `ERR_OCI_BUNDLE_INVALID` when there is no readable `bundle.json` of at most 24 MiB,
 * `ERR_OCI_BUNDLE_SOURCE` when the source cannot be read
 * @example
 * ```ts
 * import { readBundleRecord } from '@stellaops/oci-referrers';
 *
 * const { images, referrers } = await readBundleRecord('bundle.tgz');
 * console.log(images.map((image) => image.reference), referrers.subjects.length);
 * ```
 */
export async function readBundleRecord(
  source: string | Readable | BundleReader,
  options: AbortableOptions = {},
): Promise<BundleRecord> {
  const loaded = loadRecord(await readRecordBytes(source, options), defaultValidationLimits);
  if ('record' in loaded) return loaded.record;
  throw new BundleError('ERR_OCI_BUNDLE_INVALID', loaded.fault.message, {
    path: entryPaths.record,
    hint: 'validate the file; it may be damaged, or made by a newer version of this package',
  });
}

async function readRecordBytes(source: string | Readable | BundleReader, options: AbortableOptions): Promise<Buffer> {
  if (source instanceof BundleReader) {
    const bound = { limitName: 'maxRecordBytes', limit: maxRecordBytes };
    return await readBounded(
      await source.readEntry(entryPaths.record, options),
      bound,
      entryPaths.record,
      options.signal,
    );
  }
  await using reader = new BundleReader(source, options);
  for await (const entry of reader) {
    if (entry.path === entryPaths.record) return await entry.bytes(maxRecordBytes);
  }
  throw new BundleError('ERR_OCI_BUNDLE_INVALID', `the archive has no ${entryPaths.record}`, {
    path: entryPaths.record,
    hint: 'give the path of a bundle that bundle export has written',
  });
}
