import { escapeText } from '../../oci/escape.js';
import { ArchiveFault } from '../archive-fault.js';

const maxPathBytes = 1024;
const maxSegments = 32;
/** Names of files and directories, those between included: no record says how many there will be, and all are remembered. */
const maxNames = 100_000;
/** Characters of all of them together: 100,000 blobs have fewer, and 100,000 long names would take 200 MiB. */
const maxNameBytes = 16 * 1024 * 1024;
/** Printable ASCII without what separates or reserves names on some system; no blank or dot at the end. */
const segment = /^(?!.*[ .]$)(?! )[^\\:*?"<>|]+$/;

interface Taken {
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'implied';
}

/**
 * Holds the names of an archive against each other: each once, in whatever letters, and none a file and a directory.
 *
 * @internal
 */
export class ForeignNames {
  readonly #taken = new Map<string, Taken>();
  #left = maxNameBytes;

  /**
   * Takes a name in; returns it without `./` and the slash of a directory, or what is wrong with it.
   *
   * @throws {@link BundleError} `ERR_OCI_BUNDLE_INVALID` when there are more than anybody packs
   */
  take(raw: string, isDirectory: boolean): string | ArchiveFault {
    const path = (isDirectory ? raw.replace(/\/$/, '') : raw).replace(/^(?:\.\/)+/, '');
    if (isDirectory && (path === '' || path === '.')) return '';
    const segments = path.split('/');
    const isSafe = /^[\x20-\x7e]+$/.test(path) && path.length <= maxPathBytes && segments.length <= maxSegments;
    const isDigest = isDirectory || !/^blobs\/sha(?:256|512)\//i.test(path) || isBlob(path);
    if (!isSafe || !isDigest || segments.some((name) => !segment.test(name))) {
      return unsafe(raw, 'is no name of a file in an image layout');
    }
    for (let end = 1; end < segments.length; end++) {
      const parent = segments.slice(0, end).join('/');
      const known = this.#taken.get(parent.toLowerCase());
      if (known === undefined) this.#keep({ path: parent, kind: 'implied' });
      else if (known.kind === 'file') return unsafe(raw, `lies below ${known.path}, which is a file`);
      else if (known.path !== parent) return duplicate(raw, known.path);
    }
    if (this.#taken.size >= maxNames) throw tooMany();
    return this.#takeLast(raw, path, isDirectory);
  }

  #takeLast(raw: string, path: string, isDirectory: boolean): string | ArchiveFault {
    const known = this.#taken.get(path.toLowerCase());
    const isNew = known === undefined || (isDirectory && known.kind === 'implied' && known.path === path);
    if (!isNew) {
      const isSame = (known.kind === 'file') !== isDirectory || known.path !== path;
      return isSame ? duplicate(raw, known.path) : unsafe(raw, 'is a file and a directory at once');
    }
    this.#keep({ path, kind: isDirectory ? 'directory' : 'file' });
    return path;
  }

  #keep(taken: Taken): void {
    this.#left -= taken.path.length;
    if (this.#left < 0) {
      const message = `the names in the archive come to more than ${maxNameBytes} bytes; reading stopped there`;
      throw new ArchiveFault('LimitExceeded', message, { expected: String(maxNameBytes) });
    }
    this.#taken.set(taken.path.toLowerCase(), taken);
  }
}

/** Tells whether a path is that of content in an image layout, in an algorithm that can be checked. */
export function isBlob(path: string): boolean {
  return /^blobs\/(?:sha256\/[a-f0-9]{64}|sha512\/[a-f0-9]{128})$/.test(path);
}

function tooMany(): ArchiveFault {
  const message = `the archive has more files and directories than a layout may have (${maxNames}); reading stopped there`;
  return new ArchiveFault('LimitExceeded', message, { expected: String(maxNames) });
}

function unsafe(path: string, why: string): ArchiveFault {
  return new ArchiveFault('EntryUnsafe', `${JSON.stringify(escapeText(path))} ${why}`, { path });
}

function duplicate(path: string, other: string): ArchiveFault {
  const message = `${JSON.stringify(escapeText(path))} is in the archive already, as ${JSON.stringify(other)}`;
  return new ArchiveFault('EntryDuplicate', message, { path });
}
