import { readFile, writeFile } from 'node:fs/promises';

/** Copies a bundle and flips one byte inside the manifest of a referrer. */
export async function tamper(bundle: string, copy: string, manifest: Buffer): Promise<void> {
  const bytes = await readFile(bundle);
  // Referrers stand before the blobs in a bundle, so the first match is the entry under referrers/.
  const at = bytes.indexOf(manifest);
  if (at < 0) throw new Error('the referrer is not in the bundle');
  const flipped = at + 64;
  bytes.writeUInt8(bytes.readUInt8(flipped) ^ 1, flipped);
  await writeFile(copy, bytes);
}
