import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { context, metrics, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';

/** A program that has installed OpenTelemetry's SDK, as one around this package would. */
export interface Host extends AsyncDisposable {
  /** What Prometheus reads from it, over HTTP. */
  scrape(): Promise<string>;
  /** Spans that have ended, in that order. */
  spans(): readonly ReadableSpan[];
  /** Everything it was told, as text. */
  told(): Promise<readonly string[]>;
}

/** Installs an SDK with a Prometheus exporter and an exporter of spans; disposing takes it away again. */
export async function installSdk(): Promise<Host> {
  const prometheus = new PrometheusExporter({ preventServerStart: true, withoutScopeInfo: true });
  const meterProvider = new MeterProvider({ readers: [prometheus] });
  const exporter = new InMemorySpanExporter();
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  // The exporter's own server takes no free port.
  const server = createServer((request, response) => {
    prometheus.getMetricsRequestHandler(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  metrics.setGlobalMeterProvider(meterProvider);
  trace.setGlobalTracerProvider(tracerProvider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const { port } = server.address() as AddressInfo;
  const scrape = async (): Promise<string> => await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const spans = (): readonly ReadableSpan[] => exporter.getFinishedSpans();
  return {
    scrape,
    spans,
    told: async () => {
      const facts = spans().map(({ name, attributes, status, events, links }) =>
        JSON.stringify({ name, attributes, status, events, links }),
      );
      return [...facts, await scrape()];
    },
    async [Symbol.asyncDispose]() {
      uninstallSdk();
      await Promise.all([meterProvider.shutdown(), tracerProvider.shutdown(), closed(server)]);
    },
  };
}

/** Takes away whatever is installed: test files share a process. */
export function uninstallSdk(): void {
  metrics.disable();
  trace.disable();
  context.disable();
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

/** The samples of one metric: labels as Prometheus writes them, sorted, and the value. */
export function samplesOf(page: string, name: string): ReadonlyMap<string, number> {
  const lines = page.split('\n').flatMap((line) => {
    const match = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
    return match?.[1] === name ? [[(match[2] ?? '').split(',').sort().join(','), Number(match[3])] as const] : [];
  });
  return new Map(lines);
}
