import { SpanStatusCode, trace } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { copyImage, exportBundle, importBundle, probeCapabilities } from '@stellaops/oci-referrers';
import { describe, expect, it } from 'vitest';
import { createWorkspace } from '../cli/support.js';
import { openScene, repository, sbomType } from '../remotes/setup.js';
import { installSdk } from './host.js';

/** Each span as `parent > name`, in the order they ended. */
function family(spans: readonly ReadableSpan[]): string[] {
  const names = new Map(spans.map((span) => [span.spanContext().spanId, span.name]));
  return spans.map(({ name, parentSpanContext }) => {
    const parent = parentSpanContext === undefined ? undefined : names.get(parentSpanContext.spanId);
    return parent === undefined ? name : `${parent} > ${name}`;
  });
}

describe('spans', () => {
  it('say of a discovery what was asked, how the answer came, and how many there are', async () => {
    await using scene = await openScene({ referrersApi: false });
    scene.addReferrer(sbomType, '{"bomFormat":"CycloneDX"}');
    await using host = await installSdk();
    await scene.fetcher.listReferrers(scene.image.descriptor);

    const [span] = host.spans();
    expect(span?.name).toBe('oci_referrers.discover');
    expect(span?.attributes).toEqual({
      'oci.registry': scene.registry.host,
      'oci.repository': repository,
      'oci.manifest.digest': scene.image.descriptor.digest,
      'server.address': scene.registry.host,
      'oci_referrers.method': 'fallback',
      'oci_referrers.count': 1,
    });
    expect(span?.instrumentationScope.name).toBe('@stellaops/oci-referrers');
  });

  it('of probes and discoveries are below their export, and that is below what the program around it does', async () => {
    await using scene = await openScene();
    await using work = await createWorkspace();
    scene.addReferrer(sbomType, '{"bomFormat":"CycloneDX"}');
    await using host = await installSdk();
    const output = work.path('bundle.tgz');
    await trace.getTracer('program').startActiveSpan('nightly', async (span) => {
      await exportBundle(scene.resolver, [scene.reference], { output });
      span.end();
    });

    // The image, and its SBOM.
    expect(family(host.spans())).toEqual([
      'oci_referrers.export > oci_referrers.probe',
      'oci_referrers.export > oci_referrers.discover',
      'oci_referrers.export > oci_referrers.discover',
      'nightly > oci_referrers.export',
      'nightly',
    ]);
    const exported = host.spans().find(({ name }) => name === 'oci_referrers.export');
    expect(exported?.attributes).toMatchObject({ 'oci_referrers.images': 1, 'oci_referrers.count': 1 });
  });

  it('of a validation are below their import; a copy has one too', async () => {
    await using scene = await openScene();
    await using target = await openScene();
    await using work = await createWorkspace();
    const output = work.path('bundle.tgz');
    const { resolver, reference } = scene;
    await exportBundle(resolver, [reference], { output });
    await using host = await installSdk();
    await importBundle(output, { resolver: target.resolver, to: target.registry.host });
    await copyImage({ resolver, reference }, { layout: work.path('layout') });
    await probeCapabilities(resolver, reference, { refresh: true });

    const kinds = new Set(family(host.spans()));
    expect(kinds).toContain('oci_referrers.import > oci_referrers.validate');
    expect(kinds).toContain('oci_referrers.copy > oci_referrers.discover');
    expect(kinds).toContain('oci_referrers.probe');
    const ended = new Map(host.spans().map((span) => [span.name, span]));
    expect(ended.get('oci_referrers.validate')?.attributes).toEqual({
      'oci_referrers.valid': true,
      'oci_referrers.findings': 0,
    });
    expect(ended.get('oci_referrers.copy')?.attributes).toMatchObject({
      'oci.registry': scene.registry.host,
      'oci.repository': repository,
      'oci.manifest.digest': scene.image.descriptor.digest,
    });
  });

  it('end with the code of the fault, and none of its words', async () => {
    await using scene = await openScene({
      intercept: ({ endpoint }, response) => {
        if (endpoint !== 'referrers') return false;
        response.writeHead(403, { 'content-type': 'application/json' });
        response.end('{"errors":[{"code":"DENIED","message":"words of the registry"}]}');
        return true;
      },
    });
    await using host = await installSdk();
    await scene.fetcher.listReferrers(scene.image.descriptor).catch(() => undefined);

    const [span] = host.spans();
    expect(span?.status).toEqual({ code: SpanStatusCode.ERROR, message: 'ERR_OCI_DENIED' });
    expect(span?.attributes['error.type']).toBe('ERR_OCI_DENIED');
    expect(span?.events).toEqual([]);
  });
});
