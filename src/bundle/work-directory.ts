import type { Readable } from 'node:stream';
import type { AbortableOptions } from '../content/abort.js';
import { BlobDirectory } from '../content/blob-directory.js';
import type { ContentSource } from '../content/sources.js';
import { BundleError } from '../errors/index.js';
import type { Descriptor } from '../oci/descriptor.js';
import { outputHint } from './output-file.js';
import type { PlannedFile } from './plan-files.js';

/**
 * Makes the blobs of a bundle come out of a work directory, into which they are fetched first.
 *
 * @remarks What an earlier run has left there is hashed before it is used, and fetched again where it is not what its name
 * says. Only blobs are kept: what refers to an image may have changed since, so manifests and lists are always asked for.
 * @param path - is made if it is not there; only this user can read what is put into it
 */
export function throughWorkDirectory(files: readonly PlannedFile[], path: string): readonly PlannedFile[] {
  const directory = new BlobDirectory(path, {
    isPrivate: true,
    readFault: (cause, at) => workFault('reading', cause, at),
    writeFault: (cause, at) => workFault('writing', cause, at),
  });
  return files.map((file) => {
    if (!('blob' in file)) return file;
    return { ...file, blob: { ...file.blob, source: keptSource(directory, file.blob.source) } };
  });
}

function keptSource(directory: BlobDirectory, source: ContentSource): ContentSource {
  const fetch = async (descriptor: Descriptor, options?: AbortableOptions): Promise<Readable> => {
    if (!(await directory.has(descriptor, options))) {
      await directory.write(descriptor, await source.fetch(descriptor, options), options);
    }
    return await directory.fetch(descriptor, options);
  };
  return { fetch };
}

function workFault(doing: string, cause: unknown, path: string): BundleError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new BundleError('ERR_OCI_BUNDLE_OUTPUT', `${doing} the work directory failed at ${path}: ${reason}`, {
    path,
    cause,
    hint: `${outputHint(cause)}; what was fetched so far is kept there, and the next run goes on from it`,
  });
}
