// Gives a command that soon ends its metrics: installs an SDK before it starts, and writes what it has counted to a file
// when it ends, in the form that the textfile collector of Prometheus' node_exporter reads.
// Usage: METRICS_FILE=oci-referrers.prom NODE_OPTIONS='--import ./metrics-file.js' oci-referrers bundle export …
// Needs: npm install @opentelemetry/api @opentelemetry/sdk-metrics @opentelemetry/exporter-prometheus
import { renameSync, writeFileSync } from 'node:fs';
import { metrics } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';

const path = process.env['METRICS_FILE'] ?? 'oci-referrers.prom';
const exporter = new PrometheusExporter({ preventServerStart: true });
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [exporter] }));

process.once('beforeExit', () => {
  void exporter.collect().then(({ resourceMetrics }) => {
    const serializer = new PrometheusSerializer(undefined, false, undefined, true, true);
    // Under its name only when it is whole: the collector may read at any time.
    writeFileSync(`${path}.new`, serializer.serialize(resourceMetrics));
    renameSync(`${path}.new`, path);
  });
});
