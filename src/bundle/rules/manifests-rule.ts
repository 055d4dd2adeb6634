import { isIndexType, isManifestType } from '../../oci/media-types.js';
import type { ValidationRule } from '../validation-rule.js';

/** Checks that every manifest and index can be read as what the record says it is. */
export const manifestsRule: ValidationRule = {
  id: 'manifests',
  onEntry({ settings, report }, { kind, path, size, digest, expected, manifestFault }) {
    const mediaType = expected?.mediaType;
    if (kind !== 'blob' || mediaType === undefined) return;
    const code = isIndexType(mediaType) ? 'OciIndexInvalid' : 'OciManifestInvalid';
    if (!isManifestType(mediaType)) {
      const message = 'bundle.json gives a file a media type that is no manifest';
      report({ code, path, digest, message, actual: mediaType });
      return;
    }
    const limit = settings.limits.maxManifestBytes;
    if (size > limit) {
      const message = `a manifest is larger than maxManifestBytes (${limit}) and was not read`;
      report({ code: 'LimitExceeded', path, digest, message, expected: String(limit), actual: String(size) });
    }
    if (manifestFault !== undefined) report({ code, path, digest, message: manifestFault.message });
  },
};
