import { type Attributes, type Meter, type MetricOptions, metrics } from '@opentelemetry/api';
import { attempt } from './attempt.js';
import { scopeName } from './scope.js';

// Made once: a list of referrers is told of in some microseconds.
const probeDuration = histogram(
  'How long probes of registries took',
  's',
  [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
);
/** To the default of `timeouts.discoveryMs`. */
const discoveryDuration = histogram(
  'How long lists of referrers took',
  's',
  [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120],
);
/** 64 KiB to 1 TiB. */
const transferBytes = histogram(
  'Bytes moved by one operation',
  'By',
  [16, 20, 24, 27, 30, 32, 34, 36, 38, 40].map((power) => 2 ** power),
);
const transferBlobs = histogram(
  'Blobs moved by one operation',
  '{blob}',
  [1, 2, 5, 10, 25, 50, 100, 250, 1_000, 10_000],
);

function histogram(description: string, unit: string, explicitBucketBoundaries: number[]): MetricOptions {
  return { description, unit, advice: { explicitBucketBoundaries } };
}

/** Counts a probe of a registry; `apiSupported` is undefined when the probe failed. */
export function recordProbe(probe: {
  readonly registry: string;
  readonly apiSupported: boolean | undefined;
  readonly durationMs: number;
}): void {
  const labels = { registry: probe.registry, api_supported: String(probe.apiSupported ?? 'unknown') };
  record((meter) => {
    count(meter, 'export_registry_capabilities_probed', 'Probes of registries for what they support', labels);
    observe(meter, 'export_registry_probe_duration_seconds', probeDuration, probe.durationMs / 1000, labels);
  });
}

/** Counts a list of referrers that was confirmed, by the way it came. */
export function recordDiscovery(discovery: {
  readonly registry: string;
  readonly method: 'native' | 'fallback';
  readonly durationMs: number;
}): void {
  const { registry, method, durationMs } = discovery;
  record((meter) => {
    const description = 'Lists of referrers that were confirmed';
    count(meter, 'export_referrer_discovery_method', description, { registry, method });
    observeDiscovery(meter, durationMs, { registry, outcome: method });
  });
}

/** Counts a list of referrers that could not be confirmed. */
export function recordDiscoveryFailure(discovery: { readonly registry: string; readonly durationMs: number }): void {
  const { registry, durationMs } = discovery;
  record((meter) => {
    const description = 'Lists of referrers that could not be confirmed';
    count(meter, 'export_referrer_discovery_failures', description, { registry });
    observeDiscovery(meter, durationMs, { registry, outcome: 'failed' });
  });
}

/** Counts what an export, import or copy has moved once it is complete. */
export function recordTransfer(transfer: {
  readonly operation: 'export' | 'import' | 'copy';
  readonly bytes: number;
  readonly blobs: number;
}): void {
  const { operation, bytes, blobs } = transfer;
  record((meter) => {
    observe(meter, 'oci_referrers_transfer_bytes', transferBytes, bytes, { operation });
    observe(meter, 'oci_referrers_transfer_blobs', transferBlobs, blobs, { operation });
  });
}

// Names carry their unit as Prometheus has it: some exporters would add it, and others would not.

/** Looks the meter up anew: the API hands out no proxy, and the host may install its SDK after this package is loaded. */
function record(work: (meter: Meter) => void): void {
  attempt(() => {
    work(metrics.getMeter(scopeName));
  });
}

function count(meter: Meter, name: string, description: string, labels: Attributes): void {
  meter.createCounter(name, { description }).add(1, labels);
}

function observe(meter: Meter, name: string, options: MetricOptions, value: number, labels: Attributes): void {
  meter.createHistogram(name, options).record(value, labels);
}

function observeDiscovery(meter: Meter, durationMs: number, labels: Attributes): void {
  observe(meter, 'export_referrer_discovery_duration_seconds', discoveryDuration, durationMs / 1000, labels);
}
