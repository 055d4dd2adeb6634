import { type Descriptor, escapeText } from '../index.js';

/** A file to write, and under which name. */
export interface NamedFile {
  readonly name: string;
  readonly descriptor: Descriptor;
}

/** Files with names that are safe to write, and why some do not have the name that was given them. */
export interface NamedFiles {
  readonly files: readonly NamedFile[];
  readonly warnings: readonly string[];
}

const titleKey = 'org.opencontainers.image.title';
const mostNameBytes = 200;
/** Names that Windows takes for devices, whatever follows the dot. */
const devices = /^(?:con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$)(?:\.|$)/i;
/** What is drawn as nothing; the Braille blank is not among those that Unicode says so of. */
const invisible = /[\p{Default_Ignorable_Code_Point}\u2800]/u;

/**
 * Chooses the names files are written under: the title somebody gave them, where it is a plain name, else the digest.
 *
 * @remarks A title comes from a registry. It never leads out of the directory, hides, looks like a flag, redraws a terminal,
 * or takes another file's name; names that differ in letters of either case alone are one name on many file systems.
 */
export function nameFiles(descriptors: readonly Descriptor[]): NamedFiles {
  const unique = [...new Map(descriptors.map((one) => [`${one.digest} ${titleOf(one) ?? ''}`, one])).values()];
  const counts = new Map<string, number>();
  for (const descriptor of unique) {
    const key = keyOf(titleOf(descriptor) ?? '');
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const warnings: string[] = [];
  const files = new Map<string, NamedFile>();
  for (const descriptor of unique) {
    const title = titleOf(descriptor);
    const fault = title === undefined ? undefined : (faultOf(title) ?? sharedBy(counts.get(keyOf(title)) ?? 1));
    const name = title === undefined || fault !== undefined ? nameOfDigest(descriptor.digest) : title;
    if (title !== undefined && fault !== undefined) {
      warnings.push(`a file is written as ${name}: its title ${JSON.stringify(escapeText(title, 80))} ${fault}`);
    }
    files.set(name, { name, descriptor });
  }
  return { files: [...files.values()], warnings };
}

/** The name of content that has none: its digest, in the form that bundles and tags have it. */
export function nameOfDigest(digest: string): string {
  return digest.replace(':', '-');
}

/** The name that somebody gave a file. */
export function titleOf({ annotations }: Descriptor): string | undefined {
  return annotations?.[titleKey];
}

/** As the file systems fold names that fold them most: full-width letters, and ß as ss. */
function keyOf(title: string): string {
  return title.normalize('NFKC').toUpperCase().toLowerCase();
}

function sharedBy(count: number): string | undefined {
  return count > 1 ? 'is that of another file too' : undefined;
}

/** Says what keeps a title from being the name of a file. */
function faultOf(title: string): string | undefined {
  // Some systems take compatible characters for one another, a full-width slash for a slash.
  const plain = title.normalize('NFKC');
  if (title.trim() === '') return 'is empty';
  if (Buffer.byteLength(title) > mostNameBytes) return 'is too long';
  if (/[/\\]/.test(plain)) return 'is a path';
  if (escapeText(title) !== title || invisible.test(title)) return 'has characters that cannot be seen';
  if (/^[.~-]/.test(plain)) return 'begins like a hidden file or a flag';
  if (/[<>:"|?*]|[. ]$/.test(plain) || devices.test(plain)) return 'is no name on every system';
  // Otherwise one file could take the place that another one has by its digest.
  return /^sha(?:256|512)-[a-f0-9]+$/i.test(title) ? 'is in the form of a digest' : undefined;
}
