import { stat } from 'node:fs/promises';
import { isBundlePath } from './parse-image.js';

/** A bundle, and what in it is meant. */
export interface BundleLocation {
  readonly file: string;
  readonly digest?: string | undefined;
}

/**
 * Reads `FILE` or `FILE@DIGEST`: a name that bundles have, or the path of a file; undefined for everything else.
 *
 * @remarks A plain word is an image of Docker Hub, also where there is a file of that name.
 */
export async function parseBundleLocation(text: string): Promise<BundleLocation | undefined> {
  const [, file = text, digest] = /^(.*)@(sha(?:256:[a-f0-9]{64}|512:[a-f0-9]{128}))$/.exec(text) ?? [];
  // What begins with a registry's name may still be a path: only the file itself tells.
  const mayBePath = /^\.{0,2}\//.test(file) || /\.(?:tgz|tar|tar\.gz|parts\.json)$/i.test(file);
  const isBundle = isBundlePath(file) || (mayBePath && (await isFile(file)));
  return isBundle ? { file, ...(digest === undefined ? {} : { digest }) } : undefined;
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() === true;
}
