import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createResolver, exportBundle, type Logger, planExport, type ResolverOptions } from '@stellaops/oci-referrers';
import {
  buildImage,
  startRegistry,
  type TestRegistry,
  type TestRegistryOptions,
} from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import { repository } from './setup.js';

/** Keeps what an operator's log would show. */
function keepLines(): { readonly lines: string[]; readonly logger: Logger } {
  const lines: string[] = [];
  const at = (level: string) => (message: string) => {
    lines.push(`[${level}] ${message.replace(/probe_ms=\d+/, 'probe_ms=N')}`);
  };
  return { lines, logger: { debug: () => undefined, info: at('INFO'), warn: at('WARN'), error: at('ERROR') } };
}

async function start(options: TestRegistryOptions = {}): Promise<TestRegistry> {
  const registry = await startRegistry(options);
  registry.store.add(repository, buildImage(), { tag: 'v1' });
  return registry;
}

const settings: ResolverOptions = { retry: 0, credentials: () => ({ anonymous: true }) };
const imageOf = ({ host }: TestRegistry): string => `${host}/${repository}:v1`;

describe('before an export', () => {
  it('each registry is probed once, in the words the runbook looks for', async () => {
    await using native = await start({ profile: 'conformant-1.1' });
    await using old = await start({ profile: 'distribution-2.8' });
    await using silent = await start({
      referrersApi: false,
      rewrite: (_request, answer) => ({
        ...answer,
        headers: { ...answer.headers, 'docker-distribution-api-version': [] },
      }),
    });
    const { lines, logger } = keepLines();
    await using resolver = createResolver({ ...settings, logger });
    const references = [imageOf(native), `${native.host}/${repository}`, imageOf(old), imageOf(silent)];
    native.store.add(repository, buildImage(), { tag: 'latest' });
    await planExport(resolver, references);
    expect(lines).toEqual([
      '[INFO] Probing 3 registries for OCI referrer capabilities before export',
      `[INFO] Registry ${native.host}: OCI 1.1 (referrers API supported, version=registry/2.0, probe_ms=N)`,
      `[WARN] Registry ${old.host}: OCI 1.0 (using fallback tag discovery, version=registry/2.0, probe_ms=N)`,
      `[WARN] Registry ${silent.host}: OCI 1.0 (using fallback tag discovery, version=unknown, probe_ms=N)`,
    ]);
    expect(native.requests.filter(({ endpoint }) => endpoint === 'base')).toHaveLength(1);
    expect(native.requests[0]?.endpoint).toBe('base');
  });

  it('a probe that fails is a warning that names the cause, and the export goes on', async () => {
    let isBusy = true;
    await using registry = await start({
      intercept: ({ endpoint }, response) => {
        if (endpoint !== 'base' || !isBusy) return false;
        isBusy = false;
        response.writeHead(429).end();
        return true;
      },
    });
    const { lines, logger } = keepLines();
    await using resolver = createResolver({ ...settings, logger });
    expect((await planExport(resolver, [imageOf(registry)])).subjects).toHaveLength(1);
    expect(lines).toEqual([
      '[INFO] Probing 1 registries for OCI referrer capabilities before export',
      `[WARN] Failed to probe capabilities for registry ${registry.host}: ask /v2/ from ${registry.host}: 429`,
    ]);
  });

  it('nobody is told of fallback tags that are turned off', async () => {
    await using registry = await start({ profile: 'distribution-2.8' });
    const { lines, logger } = keepLines();
    await using resolver = createResolver({ ...settings, logger, fallbackHosts: false });
    await expect(planExport(resolver, [imageOf(registry)])).rejects.toMatchObject({
      code: 'ERR_OCI_REFERRERS_UNSUPPORTED',
    });
    const facts = 'version=registry/2.0, probe_ms=N';
    expect(lines[1]).toBe(
      `[WARN] Registry ${registry.host}: OCI 1.0 (no referrers API, and fallback tag discovery is turned off, ${facts})`,
    );
  });

  it('nobody is probed for a call that cannot work, and whoever gives up is heard', async () => {
    await using registry = await start();
    await using resolver = createResolver(settings);
    const output = join(await mkdtemp(join(tmpdir(), 'oci-probe-')), 'bundle.tgz');
    const image = imageOf(registry);
    await expect(exportBundle(resolver, [image], { output, createdAt: 'today' })).rejects.toThrow('createdAt');
    await expect(exportBundle(resolver, [image], { output, base: '/none', createdAt: 'today' })).rejects.toThrow();
    await expect(exportBundle(resolver, [image, 'a b'], { output })).rejects.toThrow('a b');
    expect(registry.requests).toHaveLength(0);
    const reason = new Error('enough');
    await expect(exportBundle(resolver, [image], { output, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await rm(join(output, '..'), { recursive: true });
  });
});
