import type { Descriptor } from '../../oci/descriptor.js';
import { mediaTypes } from '../../oci/media-types.js';
import { text } from '../answers.js';
import { type Describe, referrersOf } from '../referrers.js';
import type { RegistryStore } from '../registry-store.js';
import type { InterceptedRequest, RegistryAnswer } from '../types.js';

/** How a registry of its own kind lists referrers; what is absent is as in a plain registry. */
export interface ListStyle {
  readonly describe?: Describe | undefined;
  /** Gives the list another order, or other entries. */
  readonly arrange?: ((listed: readonly Descriptor[]) => readonly Descriptor[]) | undefined;
  /** Whether it filters by type; true by default. */
  readonly filters?: boolean | undefined;
  /** Fields of the index besides those every index has. */
  readonly fields?: ((listed: readonly Descriptor[]) => Readonly<Record<string, unknown>>) | undefined;
  readonly headers?: ((count: { readonly total: number }) => RegistryAnswer['headers']) | undefined;
  /** Spaces of indentation in the JSON; none by default. */
  readonly indent?: number | undefined;
}

/** Answers the referrers endpoint in a style; every referrer is on the one page. */
export function listInStyle(request: InterceptedRequest, store: RegistryStore, style: ListStyle): RegistryAnswer {
  const { repository = '', reference = '', query } = request;
  const found = referrersOf(store, repository, reference, style.describe);
  const all = style.arrange?.(found) ?? found;
  const wanted = style.filters === false ? [] : query.getAll('artifactType').filter((type) => type !== '');
  const listed = wanted.length === 0 ? all : all.filter(({ artifactType = '' }) => wanted.includes(artifactType));
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: listed, ...style.fields?.(listed) };
  const isFiltered = style.filters !== false && query.has('artifactType');
  return text(200, JSON.stringify(index, null, style.indent), {
    'content-type': mediaTypes.ociIndex,
    ...(isFiltered ? { 'oci-filters-applied': 'artifactType' } : {}),
    ...style.headers?.({ total: all.length }),
  });
}
