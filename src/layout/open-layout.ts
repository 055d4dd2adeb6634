import { resolve } from 'node:path';
import { z } from 'zod';
import { checkOptions } from '../content/check-options.js';
import { defaultLimits, type Limits } from '../content/limits.js';
import { IndexFile } from './index-file.js';
import { Layout } from './layout.js';
import { LayoutStore } from './layout-store.js';

/** Options of {@link openLayout}. */
export interface LayoutOptions {
  /** Takes a directory that is not there, or is empty, for a layout to be made by the first push; false by default. */
  readonly create?: boolean | undefined;
  /** `host/repository` that lists are asked for and that names are given for; see {@link Layout.inRepository}. */
  readonly repository?: string | undefined;
  /** Limits on what is read. */
  readonly limits?: Partial<Limits> | undefined;
}

const atLeastOne = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER).optional();
const schema = z.strictObject({
  create: z.boolean().optional(),
  repository: z.string().min(1).optional(),
  limits: z.strictObject(Object.fromEntries(Object.keys(defaultLimits).map((name) => [name, atLeastOne]))).optional(),
});

/**
 * Opens an OCI image layout directory, to read images and their referrers from it or to put them there.
 *
 * @remarks Referrers are found by every convention in use: as entries of index.json without a name (oras), in an index under
 * the subject's referrers tag (regclient), in one that an annotation ties to its subject (image-spec PR 1171, olareg), and
 * with `legacyTags` under cosign's older tags. They are written in the first two of these ways. There is nothing to close.
 * @param path - the directory
 * @throws OciError `ERR_OCI_LAYOUT_INVALID` when it is no layout of version 1.0.0, `ERR_OCI_LAYOUT_SOURCE` when it cannot be
 * read
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 * @example
 * ```ts
 * import { discoverReferrers, openLayout } from '@stellaops/oci-referrers';
 *
 * const layout = await openLayout('mirror');
 * const { descriptor } = await layout.resolve('1.2');
 * const { subjects } = await discoverReferrers(layout, descriptor);
 * console.log(subjects.flatMap(({ referrers }) => referrers.map(({ artifactType }) => artifactType)));
 * ```
 */
export async function openLayout(path: string, options: LayoutOptions = {}): Promise<Layout> {
  checkOptions(schema, options);
  const root = resolve(path);
  const file = await IndexFile.open(root, options.create ?? false);
  const store = new LayoutStore(root, file, { ...defaultLimits, ...options.limits });
  return new Layout(store, options.repository);
}
