import type { Readable } from 'node:stream';
import type { AbortableOptions, StoppableOptions } from '../content/abort.js';
import type { ByteLimit } from '../content/read.js';
import type { AnswerBody } from './answer-body.js';

/** One request to a registry, before credentials, retries and redirects. */
export interface RegistryRequest extends StoppableOptions {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';
  readonly url: URL;
  /** Headers of this request alone; they are dropped when a redirect leaves the origin, `Accept` and `Range` excepted. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Token scopes the request needs, such as `repository:team/app:pull`. */
  readonly scopes: readonly string[];
  /** A function is called again for every attempt. */
  readonly body?: Uint8Array | (() => Readable) | undefined;
  /** Size of a streamed body in bytes. */
  readonly bodySize?: number | undefined;
  /**
   * True for a request that may have had an effect which a second one would add to: it is only sent again where it was not
   * carried out (401, 429). PATCH and POST are never sent again otherwise.
   */
  readonly once?: boolean | undefined;
  /** True for a question about no repository, which goes out without credentials and takes a challenge for the answer. */
  readonly anonymous?: boolean | undefined;
  /**
   * `metadata` has a total deadline, queue and body included; `blob` one until its answer or its upload begins, and then
   * a floor under its progress.
   */
  readonly kind: 'metadata' | 'blob';
}

/** Response headers; names are looked up without regard to case. */
export interface ResponseHeaders {
  /** The header's value; several of one name are joined with a comma, but the same one twice is one where it has to be. */
  get(name: string): string | undefined;
  /** Each header line of that name. */
  all(name: string): readonly string[];
  /**
   * The header's value for people: escaped, and without what was sent as a secret, which registries repeat. What is longer
   * than `most` characters is counted and not shown: a part of a secret is one too. Undefined where there is no value.
   */
  quote(name: string, most: number): string | undefined;
}

/** The answer to a request, after redirects, credentials and retries; any status is an answer. */
export interface RegistryResponse {
  readonly method: string;
  /** URL that answered, after redirects. */
  readonly url: URL;
  readonly status: number;
  readonly headers: ResponseHeaders;
  /** True once a redirect has led to another origin; such an answer came without any credential. */
  readonly leftOrigin: boolean;
  /** Takes what was sent as a secret, credentials and configured headers, out of what the answer says, for whoever quotes it. */
  readonly withoutCredential?: ((text: string) => string) | undefined;
  /** Decoded body; the caller reads it, or leaves it. */
  readonly body: AnswerBody;
}

/** An answer whose body has been read; that of a refusal is without the credential that was sent. */
export interface BufferedResponse extends Omit<RegistryResponse, 'body' | 'withoutCredential'> {
  readonly bytes: Buffer;
  /** True when the body of an error answer was longer than its limit and was cut. */
  readonly truncated: boolean;
}

/** Talks to one origin: everything secret it holds belongs to that origin alone. */
export interface HttpClient extends AsyncDisposable {
  /** `scheme://host[:port]` this client belongs to. */
  readonly origin: string;
  /** Sends a request and hands over the body unread. */
  request(request: RegistryRequest): Promise<RegistryResponse>;
  /**
   * Sends a request and reads the body within the deadline.
   *
   * A body of a 2xx answer over the limit throws; that of another answer is cut there.
   */
  requestBytes(request: RegistryRequest, bound: ByteLimit): Promise<BufferedResponse>;
  /** Ends idle connections and aborts what is under way. */
  close(): Promise<void>;
}

/** What a request needs authorization for. */
export interface AuthTarget extends AbortableOptions {
  /** Origin that is asked; the authorizer belongs to it. */
  readonly origin: string;
  readonly scopes: readonly string[];
}

/** Finds the `Authorization` header for the requests of one origin. */
export interface Authorizer {
  /** The header's value, from what is known already; undefined sends the request without one. */
  authorize(target: AuthTarget): Promise<string | undefined>;
  /**
   * Takes the challenges of a 401, or of another refusal that blames the token, that came directly from the origin.
   *
   * @param rejected - the Authorization value that was refused, if one was sent
   * @returns true when the request should be sent again with what `authorize` gives now
   */
  challenged(target: AuthTarget, challenges: readonly string[], rejected: string | undefined): Promise<boolean>;
}

/** Waiting and giving up. */
export interface Timeouts {
  /** Milliseconds to connect, TLS included; 10,000 by default. */
  readonly connectMs: number;
  /**
   * Milliseconds for one metadata request, waiting for a connection and its body included; for a blob those until its
   * answer, or its upload, begins; 30,000 by default.
   */
  readonly requestMs: number;
  /** Milliseconds in which a blob has to move at least `minBlobBytesPerWindow`; 30,000 by default. */
  readonly blobWindowMs: number;
  /**
   * Bytes a blob has to move in each window; 32 KiB by default. A blob that is no larger, up to 64 KiB, is read and verified
   * before `fetch` returns.
   */
  readonly minBlobBytesPerWindow: number;
  /** Milliseconds for the referrers of one subject, all pages, retries and tokens included; 120,000 by default. */
  readonly discoveryMs: number;
}

/** When and how often an idempotent request is sent again. */
export interface RetryPolicy {
  /**
   * Retries after the first attempt; 4 by default, 0 turns them off. A blob that breaks off is asked for the rest of as
   * often in a row; a body that brought at least `timeouts.minBlobBytesPerWindow` begins a new row.
   */
  readonly maxRetries: number;
  /** Upper bound of the first pause in milliseconds; it doubles each time; 250 by default. */
  readonly baseDelayMs: number;
  /** Upper bound of any pause the client chooses, in milliseconds; 10,000 by default. */
  readonly maxDelayMs: number;
  /**
   * Longest `Retry-After` that is waited for, in milliseconds; above it the answer is an error; 60,000 by default. A
   * request that others' 429s hold back waits no longer than this either, and `maxRetries` times this in total.
   */
  readonly maxRetryAfterMs: number;
}

/** TLS settings of one host; PEM text. */
export interface TlsOptions {
  /** Certificate authorities to trust beside those Node comes with, as PEM text. */
  readonly ca?: string | readonly string[] | undefined;
  /** Client certificate, as PEM text; it is shown to this host alone. */
  readonly cert?: string | undefined;
  /** Key of the client certificate, as PEM text. */
  readonly key?: string | undefined;
  /** False accepts any certificate; true by default. */
  readonly rejectUnauthorized?: boolean | undefined;
}

/** A `Warning: 299` header of a registry. */
export interface RegistryWarning {
  /** `host[:port]` that sent it. */
  readonly host: string;
  /** Its text, escaped and cut at 4,096 characters. */
  readonly text: string;
}
