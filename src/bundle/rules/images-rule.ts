import { blobPath, entryPaths } from '../entry-paths.js';
import { imagePlatforms } from '../image-platforms.js';
import type { ValidationRule } from '../validation-rule.js';

/** Checks that the platforms the record names for each image are those that its index names and the bundle has. */
export const imagesRule: ValidationRule = {
  id: 'images',
  onEnd({ record, manifests, expected, report }) {
    const known = new Map<string, string>();
    for (const { reference, digest, platforms } of record.images) {
      const manifest = manifests.get(digest);
      // An image whose manifest is missing or cannot be read has been reported.
      if (manifest === undefined) continue;
      const wanted = known.get(digest) ?? show(imagePlatforms(manifest, (child) => expected.has(blobPath(child))));
      known.set(digest, wanted);
      const stated = show(platforms);
      if (stated === wanted) continue;
      report({
        code: 'BundleRecordInvalid',
        path: entryPaths.record,
        message: 'bundle.json names other platforms of an image than its index and the bundle have',
        digest,
        image: reference,
        expected: wanted,
        actual: stated,
      });
    }
  },
};

function show({
  included,
  missing,
}: {
  readonly included: readonly string[];
  readonly missing: readonly string[];
}): string {
  return `included ${included.join(', ') || 'none'}; missing ${missing.join(', ') || 'none'}`;
}
