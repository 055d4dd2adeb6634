import { opendir } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { nearest } from './nearest.js';

/** Names of a directory that are looked at; nobody waits for a hint. */
const mostNames = 5000;

/** Finds a file beside a path that is not there whose name is spelt alike. */
export async function nearbyFile(error: unknown): Promise<string | undefined> {
  const path = missingPath(error);
  if (path === undefined) return undefined;
  const names: string[] = [];
  try {
    for await (const { name } of await opendir(dirname(path))) {
      if (names.push(name) >= mostNames) break;
    }
  } catch {
    return undefined;
  }
  const name = nearest(basename(path), names, extname(path).length);
  if (name === undefined) return undefined;
  return path.startsWith('./') ? `./${join(dirname(path), name)}` : join(dirname(path), name);
}

function missingPath(error: unknown): string | undefined {
  const seen = new Set<unknown>();
  for (let at = error; at instanceof Error && !seen.has(at); at = at.cause) {
    seen.add(at);
    if ('code' in at && at.code === 'ENOENT' && 'path' in at && typeof at.path === 'string') return at.path;
  }
  return undefined;
}
