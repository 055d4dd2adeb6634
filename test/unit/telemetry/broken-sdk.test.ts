import {
  type Context,
  type ContextManager,
  context,
  type Meter,
  metrics,
  type Span,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { createResolver, exportBundle } from '@stellaops/oci-referrers';
import { afterEach, describe, expect, it } from 'vitest';
import { createWorkspace } from '../cli/support.js';
import { openScene } from '../remotes/setup.js';
import { uninstallSdk } from './host.js';

const fail = (): never => {
  throw new Error('the telemetry of the host is broken');
};
const broken: object = new Proxy({}, { get: () => fail });
const spanThatFails = new Proxy({} as Span, {
  get: (_, key) => (key === 'spanContext' ? () => ({ traceId: '', spanId: '', traceFlags: 0 }) : fail),
});

afterEach(uninstallSdk);

describe('nothing breaks a discovery or an export', () => {
  const ways: [string, () => void][] = [
    [
      'where meters and tracers cannot be had',
      () => {
        metrics.setGlobalMeterProvider({ getMeter: fail });
        trace.setGlobalTracerProvider({ getTracer: fail });
      },
    ],
    [
      'where instruments cannot be made and spans cannot be started',
      () => {
        metrics.setGlobalMeterProvider({ getMeter: () => broken as Meter });
        trace.setGlobalTracerProvider({ getTracer: () => broken as Tracer });
      },
    ],
    [
      'where instruments and spans throw whenever they are used',
      () => {
        const meter: object = { createCounter: () => ({ add: fail }), createHistogram: () => ({ record: fail }) };
        metrics.setGlobalMeterProvider({ getMeter: () => meter as Meter });
        const tracer: object = { startSpan: () => spanThatFails, startActiveSpan: fail };
        trace.setGlobalTracerProvider({ getTracer: () => tracer as Tracer });
      },
    ],
    [
      'where the context manager throws before the work begins',
      () => {
        context.setGlobalContextManager(contextManager(fail));
      },
    ],
    [
      'where the context manager throws once the work has begun',
      () => {
        context.setGlobalContextManager(
          contextManager((_, work) => {
            work();
            return fail();
          }),
        );
      },
    ],
  ];

  it.each(ways)('%s', async (_, install) => {
    await using scene = await openScene();
    await using work = await createWorkspace();
    install();
    const { referrers } = await scene.fetcher.listReferrers(scene.image.descriptor);
    expect(referrers).toEqual([]);
    // Done once, and not again because something else failed.
    expect(scene.registry.requests.filter(({ endpoint }) => endpoint === 'referrers')).toHaveLength(1);
    const report = await exportBundle(scene.resolver, [scene.reference], { output: work.path('bundle.tgz') });
    expect(report.complete).toBe(true);
  });

  it('and the fault of the registry is still the one that is thrown', async () => {
    metrics.setGlobalMeterProvider({ getMeter: fail });
    trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan: () => spanThatFails }) as unknown as Tracer });
    await using scene = await openScene({
      intercept: ({ endpoint }, response) => {
        if (endpoint === 'referrers') response.writeHead(500).end();
        return endpoint === 'referrers';
      },
    });
    await expect(scene.fetcher.listReferrers(scene.image.descriptor)).rejects.toMatchObject({
      code: 'ERR_OCI_REGISTRY_STATUS',
    });
  });
});

describe('a logger', () => {
  it('that throws, or whose promise fails, breaks nothing', async () => {
    const later: () => unknown = async () => {
      await Promise.resolve();
      fail();
    };
    await using scene = await openScene({}, { logger: { debug: fail, info: later, warn: fail, error: fail } });
    scene.resolver.logger.info('a line whose promise fails');
    await expect(scene.fetcher.listReferrers(scene.image.descriptor)).resolves.toMatchObject({ source: 'api' });
  });

  it.each(['debug', 'info', 'warn', 'error'])('without %s is refused, and the method is named', (method) => {
    const logger = { ...console, [method]: undefined };
    expect(() => createResolver({ logger: logger })).toThrow(`option logger.${method}: must be`);
  });

  it('that is no object is refused', () => {
    expect(() => createResolver({ logger: 'console' as unknown as Console })).toThrow(
      'option logger: must be a logger',
    );
  });
});

function contextManager(withContext: (context: Context, work: () => unknown) => unknown): ContextManager {
  const manager: object = { active: fail, bind: fail, enable: fail, disable: () => undefined, with: withContext };
  return manager as ContextManager;
}
