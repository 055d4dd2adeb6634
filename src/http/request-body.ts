import { pipeline, type Readable } from 'node:stream';
import { type ProgressFloor, ProgressMeter } from './progress-meter.js';
import type { RegistryRequest } from './types.js';

/** The body of one attempt. */
export interface OpenRequestBody {
  /** What goes on the wire. */
  readonly body: Uint8Array | Readable | undefined;
  /** The fault of the caller's own stream, where it has one. */
  readonly fault: () => { readonly error: unknown } | undefined;
  /** Destroys what was not sent. */
  readonly dispose: () => void;
}

/** Opens the body of a request for one attempt; a function is called anew each time. */
export function openRequestBody(body: RegistryRequest['body'], floor: ProgressFloor | undefined): OpenRequestBody {
  if (typeof body !== 'function') return { body, fault: () => undefined, dispose: () => undefined };
  const source = body();
  let fault: { readonly error: unknown } | undefined;
  source.once('error', (error) => {
    fault = { error };
  });
  const meter = new ProgressMeter({ direction: 'upload', floor });
  pipeline(source, meter, () => undefined);
  return {
    body: meter,
    fault: () => fault,
    dispose: () => {
      meter.destroy();
      source.destroy();
    },
  };
}
