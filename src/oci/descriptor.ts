import { z } from 'zod';
import { ArgumentError } from '../errors/index.js';
import { isDigest } from './digest.js';
import { isTextRecord, textRecord } from './first-fault.js';
import { type PlainFields, plainObject } from './plain-object.js';

/** The platform an image manifest is made for (image-spec v1.1.1, image index). */
export interface Platform {
  /** CPU architecture, as Go spells it. */
  readonly architecture: string;
  /** Operating system, as Go spells it. */
  readonly os: string;
  /** CPU variant, such as `v8`. */
  readonly variant?: string | undefined;
}

/**
 * Names content by what it is: type, digest and size in bytes.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md
 */
export interface Descriptor {
  /** Media type of the content. */
  readonly mediaType: string;
  /** sha256 or sha512 digest of the content. */
  readonly digest: string;
  /** Size of the content in bytes. */
  readonly size: number;
  /** What kind of artifact a manifest is; lists of referrers carry it. */
  readonly artifactType?: string | undefined;
  /** Annotations. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /** Platform of an image manifest inside an index. */
  readonly platform?: Platform | undefined;
}

const platformSchema: z.ZodType<Platform> = z.object({
  architecture: z.string(),
  os: z.string(),
  variant: z.string().optional(),
});

/** Media type per RFC 6838, which image-spec's descriptor asks for; it ends up in requests and on terminals. */
const mediaTypePattern = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*$/;
const maxTypeLength = 255;
const mediaTypeSchema: z.ZodType<string> = z.string().max(maxTypeLength).regex(mediaTypePattern, 'not a media type');

// Real registries send null for "no annotations" and "" for "no type"; both mean absent.
const annotationsSchema = textRecord.nullish().transform((value) => value ?? undefined);
const artifactTypeSchema = z
  .string()
  .max(maxTypeLength)
  .nullish()
  .transform((value) => (value === null || value === '' ? undefined : value));

/** @internal */
export const descriptorSchema: z.ZodType<Descriptor> = z.object({
  mediaType: mediaTypeSchema,
  digest: z.string().refine(isDigest, 'not a sha256 or sha512 digest'),
  size: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  artifactType: artifactTypeSchema,
  annotations: annotationsSchema,
  platform: platformSchema
    .nullish()
    .catch(undefined)
    .transform((value) => value ?? undefined),
});

function isPlainMediaType(value: unknown): boolean {
  return isShortText(value) && mediaTypePattern.test(value);
}

function isPlainArtifactType(value: unknown): boolean {
  return isShortText(value) && value !== '';
}

function isShortText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= maxTypeLength;
}

function isPlainPlatform(value: unknown): boolean {
  if (!isTextRecord(value) || !('os' in value) || !('architecture' in value)) return false;
  return !Object.keys(value).some((key) => key !== 'os' && key !== 'architecture' && key !== 'variant');
}

/** How fields look that several objects have, where their schemas would take them as they are. */
export const plainFields: PlainFields<'mediaType' | 'artifactType' | 'annotations'> = {
  mediaType: isPlainMediaType,
  artifactType: isPlainArtifactType,
  annotations: isTextRecord,
};

/** Tells whether the schema of a descriptor would take a decoded value as it is; see {@link plainObject}. */
export const isPlainDescriptor: (value: unknown) => value is Descriptor = plainObject<Descriptor>(
  {
    ...plainFields,
    digest: (value) => typeof value === 'string' && isDigest(value),
    size: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
    platform: isPlainPlatform,
  },
  ['mediaType', 'digest', 'size'],
);

/** @internal */
export const sharedFields: {
  readonly mediaType: z.ZodType<string>;
  readonly artifactType: z.ZodType<string | undefined>;
  readonly annotations: z.ZodType<Readonly<Record<string, string>> | undefined>;
} = {
  mediaType: mediaTypeSchema,
  artifactType: artifactTypeSchema,
  annotations: annotationsSchema,
};

/**
 * Checks that a value is a complete descriptor before its digest is put into a URL or a path.
 *
 * @throws {@link ArgumentError} `ERR_OCI_INVALID_DESCRIPTOR`
 */
export function assertDescriptor(value: Descriptor, argument = 'descriptor'): void {
  if (isPlainDescriptor(value)) return;
  const result = descriptorSchema.safeParse(value);
  if (result.success) return;
  const issue = result.error.issues[0];
  const field = issue === undefined || issue.path.length === 0 ? argument : `${argument}.${issue.path.join('.')}`;
  throw new ArgumentError('ERR_OCI_INVALID_DESCRIPTOR', `${field} is wrong: ${issue?.message ?? 'not a descriptor'}`, {
    argument: field,
    hint: 'use the descriptor that resolve() returned; it needs mediaType, digest and size',
  });
}
