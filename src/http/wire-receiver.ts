import type { Dispatcher } from 'undici';
import { whileAllowed } from '../content/abort.js';
import type { CallScope } from '../content/call-scope.js';
import type { HeaderLines } from './headers.js';
import { toError, WireBody } from './wire-body.js';

/** A request as undici takes it. */
export type SentRequest = Dispatcher.DispatchOptions & { readonly origin: string };

/** An answer as it comes from the wire. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: HeaderLines;
  readonly body: WireBody;
}

/**
 * Sends a request and waits for the head of its answer.
 *
 * @remarks undici does not look at who gives up while a request waits for a connection: the promise rejects at once here,
 * and a request that gets its connection later is ended before a byte of it is sent.
 */
export function receive(dispatcher: Dispatcher, request: SentRequest, scope: CallScope): Promise<WireAnswer> {
  return new Promise((resolve, reject) => {
    dispatcher.dispatch(request, new Receiver(scope, resolve, reject));
  });
}

class Receiver implements Dispatcher.DispatchHandler {
  readonly #scope: CallScope;
  readonly #resolve: (answer: WireAnswer) => void;
  readonly #reject: (error: unknown) => void;
  #control: Dispatcher.DispatchController | undefined;
  #body: WireBody | undefined;

  constructor(scope: CallScope, resolve: (answer: WireAnswer) => void, reject: (error: unknown) => void) {
    this.#scope = scope;
    this.#resolve = resolve;
    this.#reject = reject;
    scope.onGiveUp(this.#giveUp);
  }

  onRequestStart(control: Dispatcher.DispatchController): void {
    this.#control = control;
    if (this.#scope.isOver) this.#giveUp();
  }

  onResponseStart(control: Dispatcher.DispatchController, status: number, headers: HeaderLines): void {
    // 100 to 199 announce the answer, and are none.
    if (status < 200) return;
    this.#body = new WireBody(control);
    this.#resolve({ status, headers, body: this.#body });
  }

  onResponseData(_control: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#body?.push(chunk);
  }

  onResponseEnd(): void {
    this.#scope.forget(this.#giveUp);
    if (this.#body === undefined) this.#reject(new Error('the answer ended before its head had come'));
    else this.#body.end();
  }

  onResponseError(_control: Dispatcher.DispatchController, error: Error): void {
    this.#fail(error);
  }

  readonly #giveUp = (): void => {
    const { reason } = this.#scope;
    this.#fail(reason);
    this.#control?.abort(toError(reason));
  };

  #fail(error: unknown): void {
    this.#scope.forget(this.#giveUp);
    if (this.#body === undefined) this.#reject(error);
    else this.#body.fail(error);
  }
}

/**
 * Does the same with a caller's dispatcher, by the method that all of them have: that of Node 20 itself is of undici 6, which
 * knows handlers of another form.
 */
export async function receiveFrom(dispatcher: Dispatcher, request: SentRequest, scope: CallScope): Promise<WireAnswer> {
  const { signal } = scope;
  const asked = dispatcher.request({ ...request, signal });
  const { statusCode, headers, body } = await whileAllowed(asked, signal);
  const wire = new WireBody({
    pause() {
      body.pause();
    },
    resume() {
      body.resume();
    },
    abort(reason) {
      body.destroy(reason);
    },
  });
  body.on('data', (chunk: Buffer) => {
    wire.push(chunk);
  });
  body.once('end', () => {
    wire.end();
  });
  body.on('error', (error) => {
    wire.fail(error);
  });
  body.once('close', () => {
    wire.fail(new Error('the connection was closed before the end of the body'));
  });
  return { status: statusCode, headers, body: wire };
}
