import { setTimeout as delay } from 'node:timers/promises';
import { copyImage, exportBundle, importBundle, probeCapabilities } from '@stellaops/oci-referrers';
import { describe, expect, it } from 'vitest';
import { createWorkspace } from '../cli/support.js';
import { openScene, type Scene, sbomType } from '../remotes/setup.js';
import { installSdk, samplesOf } from './host.js';

const failing = (): Promise<Scene> =>
  openScene({
    intercept: ({ endpoint }, response) => {
      if (endpoint !== 'referrers') return false;
      response.writeHead(500).end();
      return true;
    },
  });

const list = async ({ fetcher, image }: Scene): Promise<unknown> =>
  await fetcher.listReferrers(image.descriptor).catch((error: unknown) => error);

describe('what Prometheus scrapes', () => {
  it("are the runbook's three counters with the labels its queries sum by", async () => {
    await using native = await openScene();
    await using fallback = await openScene({ referrersApi: false });
    await using broken = await failing();
    const hosts = [native, fallback, broken].map(({ registry }) => registry.host);
    // Installed last, as by a program that loads its telemetry late.
    await using host = await installSdk();
    for (const scene of [native, native, fallback, broken]) await list(scene);
    for (const { resolver, reference } of [native, fallback, broken]) {
      await probeCapabilities(resolver, reference).catch((error: unknown) => error);
    }

    const page = await host.scrape();
    expect(samplesOf(page, 'export_referrer_discovery_method_total')).toEqual(
      new Map([
        [`method="native",registry="${hosts[0]}"`, 2],
        [`method="fallback",registry="${hosts[1]}"`, 1],
      ]),
    );
    expect(samplesOf(page, 'export_referrer_discovery_failures_total')).toEqual(
      new Map([[`registry="${hosts[2]}"`, 1]]),
    );
    expect(samplesOf(page, 'export_registry_capabilities_probed_total')).toEqual(
      new Map([
        [`api_supported="true",registry="${hosts[0]}"`, 1],
        [`api_supported="false",registry="${hosts[1]}"`, 1],
        [`api_supported="unknown",registry="${hosts[2]}"`, 1],
      ]),
    );
  });

  it('are durations in seconds, of lists and of probes, failed ones too', async () => {
    await using native = await openScene();
    await using broken = await failing();
    await using host = await installSdk();
    await list(native);
    await list(broken);
    await probeCapabilities(native.resolver, native.reference);

    const page = await host.scrape();
    expect(samplesOf(page, 'export_referrer_discovery_duration_seconds_count')).toEqual(
      new Map([
        [`outcome="native",registry="${native.registry.host}"`, 1],
        [`outcome="failed",registry="${broken.registry.host}"`, 1],
      ]),
    );
    const sums = samplesOf(page, 'export_referrer_discovery_duration_seconds_sum');
    expect(Math.max(...sums.values())).toBeLessThan(15);
    const probes = samplesOf(page, 'export_registry_probe_duration_seconds_count');
    expect([...probes.keys()]).toEqual([`api_supported="true",registry="${native.registry.host}"`]);
    expect(page).toContain('le="0.25"');
    expect(page).toContain('# UNIT export_referrer_discovery_duration_seconds s');
  });

  it('are the bytes and blobs of each export, import and copy, and nothing of a dry run', async () => {
    await using scene = await openScene();
    await using target = await openScene();
    await using work = await createWorkspace();
    scene.addReferrer(sbomType, '{"bomFormat":"CycloneDX"}');
    await using host = await installSdk();
    const { resolver, reference } = scene;
    const report = await exportBundle(resolver, [reference], { output: work.path('bundle.tgz') });
    const to = target.registry.host;
    await importBundle(work.path('bundle.tgz'), { resolver: target.resolver, to, dryRun: true });
    const imported = await importBundle(work.path('bundle.tgz'), { resolver: target.resolver, to });
    const copied = await copyImage({ resolver, reference }, { layout: work.path('layout') });
    await copyImage({ resolver, reference }, { layout: work.path('other') }, { dryRun: true });

    const page = await host.scrape();
    const transfer = imported.images[0]?.transfer;
    expect(samplesOf(page, 'oci_referrers_transfer_bytes_sum')).toEqual(
      new Map([
        ['operation="export"', report.bytes],
        ['operation="import"', transfer?.uploadedBytes],
        ['operation="copy"', copied.uploadedBytes],
      ]),
    );
    expect(samplesOf(page, 'oci_referrers_transfer_blobs_sum')).toEqual(
      new Map([
        ['operation="export"', report.counts.blobs + report.counts.manifests],
        ['operation="import"', transfer?.uploaded],
        ['operation="copy"', copied.uploaded],
      ]),
    );
  });

  it('is no failure where the caller gave up', async () => {
    const controller = new AbortController();
    await using scene = await openScene({
      intercept: async ({ endpoint }) => {
        if (endpoint === 'referrers') controller.abort(new Error('enough'));
        await delay(0);
        return false;
      },
    });
    await using host = await installSdk();
    const { signal } = controller;
    await expect(scene.fetcher.listReferrers(scene.image.descriptor, { signal })).rejects.toThrow('enough');

    expect(samplesOf(await host.scrape(), 'export_referrer_discovery_failures_total').size).toBe(0);
  });

  it('has one failure where a list takes longer than it may', async () => {
    await using scene = await openScene(
      { intercept: ({ endpoint }) => (endpoint === 'referrers' ? delay(400, false) : false) },
      { timeouts: { discoveryMs: 30 } },
    );
    await using host = await installSdk();
    await expect(scene.fetcher.listReferrers(scene.image.descriptor)).rejects.toMatchObject({
      code: 'ERR_OCI_TIMEOUT',
    });

    expect([...samplesOf(await host.scrape(), 'export_referrer_discovery_failures_total').values()]).toEqual([1]);
  });
});
