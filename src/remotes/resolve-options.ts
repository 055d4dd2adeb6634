import { z } from 'zod';
import { checkOptions } from '../content/check-options.js';
import { defaultLimits, type Limits } from '../content/limits.js';
import { createProxyChooser } from '../http/proxy.js';
import { defaultRetryPolicy } from '../http/retry.js';
import { defaultTimeouts } from '../http/timeouts.js';
import { createDebugLogger, guardLogger } from '../telemetry/logger.js';
import { isLoopbackHost } from './hosts.js';
import { hostHeaders, hostName, proxyOption, tlsOptions } from './option-schemas.js';
import type { HostHeaders, ResolvedOptions, ResolverOptions } from './options.js';

const positive = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER);
const zeroOrMore = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const isFunction = (value: unknown): boolean => typeof value === 'function';
const callback = z.custom<(...parameters: never[]) => unknown>(isFunction, 'must be a function');
const logger = z.object({ debug: callback, info: callback, warn: callback, error: callback }, 'must be a logger');
const each = <Keys extends string>(keys: readonly Keys[], schema: z.ZodType): Record<Keys, z.ZodType> =>
  Object.fromEntries(keys.map((key) => [key, schema.optional()])) as unknown as Record<Keys, z.ZodType>;
const keysOf = <T extends object>(value: T): (keyof T & string)[] => Object.keys(value) as (keyof T & string)[];

const optionsSchema = z
  .strictObject({
    hosts: callback.optional(),
    credentials: callback.optional(),
    registryConfig: z.string().min(1, 'is no path').optional(),
    plainHttp: z.union([z.boolean(), z.array(hostName)]).optional(),
    tls: z.union([callback, z.record(hostName, tlsOptions)]).optional(),
    proxy: proxyOption.optional(),
    headers: z.union([callback, z.record(hostName, hostHeaders)]).optional(),
    fallbackHosts: z.boolean().optional(),
    fallbackOn: z.array(z.union([z.literal(400), z.literal(410), z.literal(424)])).optional(),
    legacyTags: z.boolean().optional(),
    limits: z.strictObject(each(keysOf(defaultLimits), positive)).optional(),
    retry: z.union([z.literal(0), z.strictObject(each(keysOf(defaultRetryPolicy), zeroOrMore))]).optional(),
    timeouts: z.strictObject(each(keysOf(defaultTimeouts), positive)).optional(),
    capabilityTtlMs: zeroOrMore.optional(),
    serverFilter: z.boolean().optional(),
    tokenRealms: z.union([z.enum(['any-https', 'same-host']), z.array(hostName)]).optional(),
    onWarning: callback.optional(),
    logger: logger.optional(),
    dispatcher: z.custom((value) => typeof value === 'object' && value !== null, 'must be a dispatcher').optional(),
  })
  .refine(({ dispatcher, tls, proxy }) => dispatcher === undefined || (tls === undefined && proxy === undefined), {
    path: ['dispatcher'],
    error: 'excludes tls and proxy: the dispatcher brings its own connections',
  });

/**
 * Checks options and fills in every default.
 *
 * @throws {@link ArgumentError} `ERR_OCI_INVALID_OPTION`, naming the option
 */
export function resolveOptions(options: ResolverOptions): ResolvedOptions {
  checkOptions(optionsSchema, options);
  const { plainHttp = false } = options;
  return {
    hosts: options.hosts,
    credentials: options.credentials,
    registryConfig: options.registryConfig,
    isPlainHttp: (host, tls) =>
      (tls === undefined && isLoopbackHost(host)) ||
      (Array.isArray(plainHttp) ? plainHttp.some(isHost(host)) : plainHttp === true),
    tlsFor: lookUp(options.tls),
    proxyFor:
      options.dispatcher === undefined ? createProxyChooser(options.proxy ?? 'environment', process.env) : undefined,
    headersFor: headersLookUp(options.headers),
    fallbackHosts: options.fallbackHosts ?? true,
    fallbackOn: options.fallbackOn ?? [],
    legacyTags: options.legacyTags ?? false,
    limits: resolveLimits(options.limits),
    retry:
      options.retry === 0
        ? { ...defaultRetryPolicy, maxRetries: 0 }
        : { ...defaultRetryPolicy, ...defined(options.retry) },
    timeouts: { ...defaultTimeouts, ...defined(options.timeouts) },
    capabilityTtlMs: options.capabilityTtlMs ?? 300_000,
    serverFilter: options.serverFilter ?? true,
    tokenRealms: options.tokenRealms ?? 'any-https',
    onWarning: options.onWarning,
    logger: options.logger === undefined ? createDebugLogger() : guardLogger(options.logger),
    dispatcher: options.dispatcher,
  };
}

/** Fills limits up with their defaults; a field that is undefined keeps its default. */
export function resolveLimits(limits: Partial<Limits> | undefined): Limits {
  return { ...defaultLimits, ...defined(limits) };
}

function defined<T extends object>(values: T | undefined): T {
  const kept = Object.entries(values ?? {}).filter(([, value]) => value !== undefined);
  return Object.fromEntries(kept) as T;
}

/** Hosts are asked about in lower case; who wrote an option may have written them otherwise. */
function isHost(host: string): (name: string) => boolean {
  return (name) => name.toLowerCase() === host;
}

function lookUp<T>(
  setting: Readonly<Record<string, T>> | ((host: string) => T | undefined) | undefined,
): (host: string) => T | undefined {
  if (typeof setting === 'function') return setting;
  return (host) => Object.entries(setting ?? {}).find(([name]) => isHost(host)(name))?.[1];
}

/** Headers from a function were not seen by the schema before: check them when they come. */
function headersLookUp(setting: ResolverOptions['headers']): (host: string) => HostHeaders {
  const look = lookUp(setting);
  return (host) => {
    const headers = look(host) ?? {};
    checkOptions(hostHeaders, headers, `headers(${host})`);
    return headers;
  };
}
