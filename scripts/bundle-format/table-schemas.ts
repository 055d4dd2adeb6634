import { z } from 'zod';
import { artifactCategories } from '../../src/oci/artifact-kind.js';
import { digestPattern } from '../../src/oci/digest.js';

// Readers of a bundle compare these two files byte for byte with what the record makes and never parse them: the schemas
// are for tools that look something up.
const digest = z.string().regex(digestPattern);
const text = z.string().min(1).max(4096);
const artifact = { digest: digest.describe('Digest of the artifact.'), artifactType: text.optional() };
const place = {
  subject: digest.describe('Digest of the manifest it refers to.'),
  reference: text.describe('The image that led to it.'),
  path: text.describe('Entry that holds its manifest.'),
};

/** What `indexes/referrers.index.json` looks like. */
export const referrersTableSchema: z.ZodType = z.strictObject({
  schemaVersion: z.literal(1),
  referrers: z.array(
    z.strictObject({
      ...artifact,
      category: z.enum(artifactCategories),
      ...place,
    }),
  ),
});

/** What `indexes/attestations.index.json` looks like. */
export const attestationsTableSchema: z.ZodType = z.strictObject({
  schemaVersion: z.literal(1),
  attestations: z.array(
    z.strictObject({
      ...artifact,
      predicateType: z.string().min(1).describe('What the annotations say, or unknown; nobody has verified it.'),
      ...place,
    }),
  ),
});
