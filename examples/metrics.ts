// Lists the referrers of images once a minute, and serves what that takes to Prometheus.
// As JavaScript, saved as metrics.mts: npx -p typescript tsc --module nodenext --target es2023 --types node metrics.mts
// Usage: node metrics.mjs registry.example.com/team/app:1.2 [...]   then: curl http://127.0.0.1:9464/metrics
// Needs: npm install @opentelemetry/api @opentelemetry/sdk-metrics @opentelemetry/exporter-prometheus @types/node
import { setTimeout as sleep } from 'node:timers/promises';
import { metrics } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { createResolver } from '@stellaops/oci-referrers';

// Before or after createResolver: both work. Without scope info the labels are those of the runbook and no others.
const port = Number(process.env['METRICS_PORT'] ?? 9464);
const exporter = new PrometheusExporter({ host: '127.0.0.1', port, withoutScopeInfo: true });
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [exporter] }));

const quiet = (): void => undefined;
await using resolver = createResolver({
  logger: { debug: quiet, info: quiet, warn: console.warn, error: console.error },
});
for (;;) {
  for (const reference of process.argv.slice(2)) {
    try {
      // Shows a registry that does not answer: a reference that cannot be resolved is no discovery.
      await resolver.probe(reference);
      const { descriptor } = await resolver.resolve(reference);
      const fetcher = await resolver.fetcher(reference);
      await fetcher.listReferrers(descriptor);
    } catch (error) {
      console.error(error instanceof Error ? error.message : error);
    }
  }
  await sleep(60_000);
}
