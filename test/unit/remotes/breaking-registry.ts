import type { ServerResponse } from 'node:http';
import {
  createResolver,
  type Descriptor,
  type Fetcher,
  type Resolver,
  type ResolverOptions,
} from '@stellaops/oci-referrers';
import {
  buildImage,
  type InterceptedRequest,
  type RegistryAnswer,
  startRegistry,
  type TestRegistry,
} from '@stellaops/oci-referrers/testing';
import { onTestFinished } from 'vitest';
import { repository } from '../../support/artifact-types.js';

/** One request for the blob. */
export interface BlobCall {
  readonly request: InterceptedRequest;
  /** What the registry would have answered. */
  readonly right: RegistryAnswer;
  readonly response: ServerResponse;
  /** How many requests for the blob there have been, this one included. */
  readonly count: number;
}

/** Answers a request for the blob; `taken` means that the response was written to, or left alone. */
export type BlobAnswer = (call: BlobCall) => RegistryAnswer | 'taken';

export const blobBytes: Buffer = Buffer.from(Array.from({ length: 300 }, (_, index) => index % 251));

/** A registry with one blob of 300 bytes that it hands over as a test says. */
export interface BreakingScene {
  readonly registry: TestRegistry;
  readonly resolver: Resolver;
  readonly fetcher: Fetcher;
  readonly blob: Descriptor;
  /** What the requests for the blob asked for, in order; undefined is the whole. */
  readonly ranges: () => (string | undefined)[];
}

/** Starts a registry, and a resolver that tries thrice without long pauses, for the length of one test. */
export async function openBreakingScene(answer: BlobAnswer, options: ResolverOptions = {}): Promise<BreakingScene> {
  const responses = new WeakMap<InterceptedRequest, ServerResponse>();
  let count = 0;
  const registry = await startRegistry({
    intercept: (request, response) => {
      responses.set(request, response);
      return false;
    },
    rewrite: async (request, right) => {
      const response = responses.get(request);
      if (request.endpoint !== 'blob' || response === undefined) return right;
      const given = answer({ request, right, response, count: ++count });
      return given === 'taken' ? await new Promise<RegistryAnswer>(() => undefined) : given;
    },
  });
  const resolver = createResolver({
    retry: { maxRetries: 2, baseDelayMs: 1, maxDelayMs: 1 },
    // What a window has to bring is read whole, without a stream: the blob is larger.
    timeouts: { minBlobBytesPerWindow: 200 },
    credentials: () => ({ anonymous: true }),
    ...options,
  });
  onTestFinished(async () => {
    await resolver.close();
    await registry.close();
  });
  const image = buildImage({ layers: [blobBytes] });
  registry.store.add(repository, image, { tag: 'v1' });
  const blob = image.blobs.find(({ descriptor }) => descriptor.size === blobBytes.length)?.descriptor;
  if (blob === undefined) throw new TypeError('no blob of that size');
  return {
    registry,
    resolver,
    fetcher: await resolver.fetcher(`${registry.host}/${repository}:v1`),
    blob,
    ranges: () =>
      registry.requests.filter(({ endpoint }) => endpoint === 'blob').map(({ headers }) => headers['range']),
  };
}

/** Writes an answer's head and the first bytes of its body, and leaves it there. */
export function stall({ right, response }: BlobCall, bytes: number): 'taken' {
  const body = right.body ?? Buffer.alloc(0);
  response.writeHead(right.status, { ...right.headers, 'content-length': body.length });
  response.write(body.subarray(0, bytes));
  return 'taken';
}

/** The same, and then the connection is gone. */
export function breakOff(call: BlobCall, bytes: number): 'taken' {
  stall(call, bytes);
  call.response.socket?.destroySoon();
  return 'taken';
}

/** What the registry would have answered. */
export const right: BlobAnswer = ({ right: answer }) => answer;

/** Breaks off the first answer after 100 bytes. */
export function brokenOnce(then: BlobAnswer): BlobAnswer {
  return (call) => (call.count === 1 ? breakOff(call, 100) : then(call));
}

/** The same answer with other headers. */
export function withHeaders(answer: RegistryAnswer, headers: RegistryAnswer['headers']): RegistryAnswer {
  return { ...answer, headers: { ...answer.headers, ...headers } };
}
