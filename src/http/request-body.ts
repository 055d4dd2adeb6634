import { pipeline, type Readable } from 'node:stream';
import { createProgressMeter, type ProgressFloor } from './progress-meter.js';
import type { RegistryRequest } from './types.js';

/** The body of one attempt. */
export interface OpenRequestBody {
  /** What goes on the wire. */
  readonly body: Uint8Array | Readable | undefined;
  /** Gives back the fault of the caller's own stream where that is what broke the request. */
  blame(error: unknown): unknown;
  /** Destroys what was not sent. */
  dispose(): void;
}

/** Opens the body of a request for one attempt; a function is called anew each time. */
export function openRequestBody(body: RegistryRequest['body'], floor: ProgressFloor | undefined): OpenRequestBody {
  if (typeof body !== 'function') return { body, blame: (error) => error, dispose: () => undefined };
  const source = body();
  let fault: { readonly error: unknown } | undefined;
  source.once('error', (error) => {
    fault = { error };
  });
  const meter = createProgressMeter({ direction: 'upload', floor });
  pipeline(source, meter, () => undefined);
  return {
    body: meter,
    blame: (error) => (fault === undefined ? error : fault.error),
    dispose: () => {
      meter.destroy();
      source.destroy();
    },
  };
}
