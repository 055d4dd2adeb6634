import type { BundleRecord, BundleSubject } from './record.js';

/** Requirements of one bundle: each is looked up for every image. */
export const maxRequirements = 64;
/** Annotations of one referrer. */
const maxAnnotations = 1_000;
/** Annotations of all referrers in a record: they are written out again for every file that is made from it. */
const maxAllAnnotations = 250_000;
/** Platforms of all images, those that were left out included: as many as 10,000 images with 20 each. */
const maxPlatforms = 200_000;

/** What goes beyond a bound, and the bound. */
export interface RecordExcess {
  readonly what: string;
  readonly limitName: string;
  readonly limit: number;
}

/**
 * Finds what a record has too much of: nobody may make a validator work for minutes with a file of a few megabytes.
 *
 * @param maxManifestBytes - a manifest that may not be larger cannot carry annotations that are
 */
export function recordExcess(
  record: BundleRecord,
  { maxImages, maxManifestBytes }: { readonly maxImages: number; readonly maxManifestBytes: number },
): RecordExcess | undefined {
  const { images, requireReferrers, referrers } = record;
  if (images.length > maxImages) {
    return { what: `${images.length} images`, limitName: 'maxImages', limit: maxImages };
  }
  if (requireReferrers.length > maxRequirements) {
    const what = `${requireReferrers.length} required kinds of referrers`;
    return { what, limitName: 'requireReferrers', limit: maxRequirements };
  }
  const platforms = images.reduce(
    (sum, image) => sum + image.platforms.included.length + image.platforms.missing.length,
    0,
  );
  if (platforms > maxPlatforms) {
    return { what: `${platforms} platforms of images`, limitName: 'platforms', limit: maxPlatforms };
  }
  return annotationExcess(referrers.subjects, maxManifestBytes);
}

function annotationExcess(subjects: readonly BundleSubject[], maxManifestBytes: number): RecordExcess | undefined {
  let all = 0;
  for (const { artifacts } of subjects) {
    for (const { digest, annotations = {} } of artifacts) {
      const texts = Object.entries(annotations);
      all += texts.length;
      if (texts.length > maxAnnotations) {
        const what = `${texts.length} annotations of referrer ${digest}`;
        return { what, limitName: 'annotations', limit: maxAnnotations };
      }
      const length = texts.reduce((sum, [key, value]) => sum + key.length + value.length, 0);
      if (length > maxManifestBytes) {
        const what = `annotations of ${length} characters of referrer ${digest}`;
        return { what, limitName: 'maxManifestBytes', limit: maxManifestBytes };
      }
    }
  }
  if (all > maxAllAnnotations) {
    return { what: `${all} annotations of referrers`, limitName: 'annotations', limit: maxAllAnnotations };
  }
  return undefined;
}
