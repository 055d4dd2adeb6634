import { pipeline, Readable } from 'node:stream';
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

/** What is watched over while a body is sent. */
export interface RequestBodyOptions {
  /** The least that has to move; absent leaves the body to a deadline. */
  readonly floor: ProgressFloor | undefined;
  /** Called when the first bytes are taken, which is when there is a connection for them. */
  readonly onStart: () => void;
}

const nothing: OpenRequestBody = { body: undefined, fault: () => undefined, dispose: () => undefined };

/** Opens the body of a request for one attempt; a function is called anew each time. */
export function openRequestBody(body: RegistryRequest['body'], options: RequestBodyOptions): OpenRequestBody {
  if (body === undefined) return nothing;
  const { floor, onStart } = options;
  const isWhole = typeof body !== 'function' && (floor === undefined || body.length === 0);
  if (isWhole) return { body, fault: () => undefined, dispose: () => undefined };
  // Bytes in memory go the same way as a stream, so that how they move can be seen.
  const source = typeof body === 'function' ? body() : Readable.from([body], { objectMode: false });
  let fault: { readonly error: unknown } | undefined;
  source.once('error', (error) => {
    fault = { error };
  });
  const meter = new ProgressMeter({ direction: 'upload', floor, onStart });
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
