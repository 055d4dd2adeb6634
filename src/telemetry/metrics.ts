import { type Attributes, type Meter, metrics } from '@opentelemetry/api';
import { attempt } from './attempt.js';
import { scopeName } from './scope.js';

const probeBuckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** To the default of `timeouts.discoveryMs`. */
const discoveryBuckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
/** 64 KiB to 1 TiB. */
const byteBuckets = [2 ** 16, 2 ** 20, 2 ** 24, 2 ** 27, 2 ** 30, 2 ** 32, 2 ** 34, 2 ** 36, 2 ** 38, 2 ** 40];
const blobBuckets = [1, 2, 5, 10, 25, 50, 100, 250, 1_000, 10_000];

/** Counts a probe of a registry; `apiSupported` is undefined when the probe failed. */
export function recordProbe(probe: {
  readonly registry: string;
  readonly apiSupported: boolean | undefined;
  readonly durationMs: number;
}): void {
  const labels = { registry: probe.registry, api_supported: String(probe.apiSupported ?? 'unknown') };
  record((meter) => {
    count(meter, 'export_registry_capabilities_probed', 'Probes of registries for what they support', labels);
    const description = 'How long probes of registries took';
    observe(meter, 'export_registry_probe_duration_seconds', { description, unit: 's', buckets: probeBuckets }, [
      probe.durationMs / 1000,
      labels,
    ]);
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
    const byteOptions = { description: 'Bytes moved by one operation', unit: 'By', buckets: byteBuckets };
    observe(meter, 'oci_referrers_transfer_bytes', byteOptions, [bytes, { operation }]);
    const blobOptions = { description: 'Blobs moved by one operation', unit: '{blob}', buckets: blobBuckets };
    observe(meter, 'oci_referrers_transfer_blobs', blobOptions, [blobs, { operation }]);
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

interface HistogramOptions {
  readonly description: string;
  readonly unit: string;
  readonly buckets: readonly number[];
}

function observe(
  meter: Meter,
  name: string,
  { buckets, ...options }: HistogramOptions,
  [value, labels]: readonly [number, Attributes],
): void {
  const advice = { explicitBucketBoundaries: [...buckets] };
  meter.createHistogram(name, { ...options, advice }).record(value, labels);
}

function observeDiscovery(meter: Meter, durationMs: number, labels: Attributes): void {
  const description = 'How long lists of referrers took';
  const options = { description, unit: 's', buckets: discoveryBuckets };
  observe(meter, 'export_referrer_discovery_duration_seconds', options, [durationMs / 1000, labels]);
}
