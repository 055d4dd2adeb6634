import { z } from 'zod';
import { isRegistryHost } from '../oci/reference.js';

/** `host[:port]`. */
export const hostName: z.ZodType<string> = z.string().refine(isRegistryHost, 'is not HOST or HOST:PORT');
const secretHeader = /^(?:authorization|cookie|proxy-authorization)$/i;
/** What says where a request goes or ends: one that contradicts the connection splits it, or reaches another host. */
const connectionHeader =
  /^(?:host|content-length|transfer-encoding|connection|upgrade|expect|te|trailer|keep-alive|proxy-.*)$/i;
/** The name of a header a caller may configure. */
export const headerName: z.ZodType<string> = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'is not a header name')
  .refine((name) => !secretHeader.test(name), 'may not be set here; use credentials')
  .refine((name) => secretHeader.test(name) || !connectionHeader.test(name), 'belongs to the connection');
/** The value of a header. */
export const headerValue: z.ZodType<string> = z
  .string()
  .regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'has a line break, or another character that no header may have');
/** Headers a caller may configure. */
export const hostHeaders: z.ZodType<Record<string, string>> = z.record(headerName, headerValue);
/** Which proxy to use; whether its URL is one is found out where it is read, which repeats no password. */
export const proxyOption: z.ZodType = z.union([
  z.literal('environment'),
  z.literal(false),
  z.strictObject({ url: z.string(), noProxy: z.array(z.string()).optional() }),
]);
/** TLS settings of one host. */
export const tlsOptions: z.ZodType = z.strictObject({
  ca: z.union([z.string(), z.array(z.string())]).optional(),
  cert: z.string().optional(),
  key: z.string().optional(),
  rejectUnauthorized: z.boolean().optional(),
});

/** The hosts a caller gives for one registry. */
export const registryHosts: z.ZodType = z.array(
  z.strictObject({
    host: hostName,
    scheme: z.enum(['http', 'https']).optional(),
    path: z.string().regex(/^\//, 'does not start with a slash').optional(),
    capabilities: z.array(z.enum(['pull', 'resolve', 'push', 'referrers'])),
    headers: hostHeaders.optional(),
    tls: tlsOptions.optional(),
    connectMs: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER).optional(),
    authoritative: z.boolean().optional(),
  }),
);

const flag = z.boolean().optional();
const signal = z.custom((value) => value instanceof AbortSignal, 'must be an AbortSignal').optional();

/** What `listReferrers` takes: a misspelt filter must not pass for none. */
export const listReferrersOptions: z.ZodType = z.strictObject({
  artifactTypes: z.array(z.string()).optional(),
  resolveTypes: flag,
  serverFilter: flag,
  legacyTags: flag,
  confirmSubject: flag,
  includeTagSchema: flag,
  signal,
});
/** What `probe` takes: a misspelt `writeProbes` must not pass for none. */
export const probeOptions: z.ZodType = z.strictObject({ writeProbes: flag, refresh: flag, signal });
/** What `push` takes: a misspelt tag must not pass for none. */
export const pushOptions: z.ZodType = z.strictObject({ tag: z.string().optional(), signal });
