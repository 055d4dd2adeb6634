import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { createResolver, type Descriptor, type Fetcher, type Resolver } from '@stellaops/oci-referrers';
import {
  buildArtifact,
  buildImage,
  type InterceptedRequest,
  type RegistryAnswer,
  startRegistry,
  type TestRegistry,
} from '@stellaops/oci-referrers/testing';
import { authority, serverIdentity } from '../http/certificates.js';
import type { Fault } from './faults.js';
import { heldDigest, imageTag, type Point, type Step } from './steps.js';

/**
 * What the registry really holds: two referrers in its API (`plain`), two under the referrers tag (`tagged`), none at
 * all (`empty`), or two in an API that has been seen to work (`seen`).
 */
export type Holding = 'plain' | 'tagged' | 'empty' | 'seen';

/** Everything a caller got on the way from a reference to the content of its referrers. */
export interface Look {
  readonly subject: Descriptor;
  readonly referrers: readonly Descriptor[];
  /** Referrers' layers. */
  readonly contents: readonly string[];
}

const account = { username: 'someone', password: 'pass:wörd-of-someone' };
/** What a registry writes into the URLs of its store; the store gets it, and nobody reads it in an error. */
export const signature = 'signature-of-a-url';
export const apiKey = 'key-of-the-registry';
const repository = 'team/app';
const image = buildImage();
const artifacts = ['application/spdx+json', 'application/vnd.cyclonedx+json']
  .map((artifactType) =>
    buildArtifact({ artifactType, subject: image.descriptor, content: `${artifactType} `.repeat(9) }),
  )
  .sort((one, other) => (one.descriptor.digest < other.descriptor.digest ? -1 : 1));
const truth: Look = {
  subject: image.descriptor,
  referrers: artifacts.map(({ descriptor }) => descriptor),
  contents: artifacts.map(({ blobs }) => Buffer.from(blobs.at(-1)?.bytes ?? []).toString()),
};

/** A registry with bearer authentication and one fault, a second server, and a resolver that knows secrets. */
export class Scene implements AsyncDisposable {
  readonly registry: TestRegistry;
  readonly elsewhere: TestRegistry;
  /** What must be found nowhere but in the headers of requests to the registry. */
  readonly secrets: string[] = [
    account.password,
    encodeURIComponent(account.password),
    Buffer.from(`${account.username}:${account.password}`).toString('base64'),
    apiKey,
  ];
  readonly logged: string[] = [];
  /** How often the fault was met. */
  hits = 0;
  readonly #setting: Setting;
  readonly #resolver: Resolver;
  readonly #responses = new WeakMap<InterceptedRequest, ServerResponse>();
  readonly #answersElsewhere: Map<string, RegistryAnswer>;
  readonly #held: Promise<Readable | undefined>[] = [];
  #isArmed = false;

  constructor(setting: Setting, servers: Servers) {
    this.#setting = setting;
    this.registry = servers.registry;
    this.elsewhere = servers.elsewhere;
    this.#answersElsewhere = servers.answersElsewhere;
    this.#resolver = this.#createResolver();
    fill(this.registry, setting);
  }

  /** What a caller must get where the fault does not matter. */
  get truth(): Look {
    return isEmpty(this.#setting) ? { ...truth, referrers: [], contents: [] } : truth;
  }

  /** Goes all the way, and reads everything there is. */
  async look(): Promise<Look> {
    const reference = `${this.registry.host}/${repository}:${imageTag}`;
    await this.#reach('start');
    const { resolvesTypes: resolveTypes = false, confirmsEmpty: confirmSubject = false } = this.#setting.step;
    const subject = confirmSubject ? image.descriptor : (await this.#resolver.resolve(reference)).descriptor;
    const fetcher = await this.#resolver.fetcher(reference);
    if (this.#setting.holding === 'seen') await fetcher.listReferrers(subject);
    await this.#reach('resolved');
    const { referrers } = await fetcher.listReferrers(subject, { resolveTypes, confirmSubject });
    await this.#reach('listed');
    await read(fetcher, subject);
    const manifests: string[] = [];
    for (const referrer of referrers) manifests.push(await read(fetcher, referrer));
    await this.#reach('manifests-read');
    const contents: string[] = [];
    for (const manifest of manifests) contents.push(await read(fetcher, lastLayer(manifest)));
    return { subject, referrers, contents };
  }

  onRequest(request: InterceptedRequest, response: ServerResponse): boolean {
    this.#responses.set(request, response);
    if (request.reference !== heldDigest || request.headers['authorization'] === undefined) return false;
    response.writeHead(200, { 'content-length': 1_000_000 }).write('the first of many bytes');
    return true;
  }

  async onAnswer(request: InterceptedRequest, right: RegistryAnswer): Promise<RegistryAnswer> {
    const { step, fault, isOnce } = this.#setting;
    if (request.endpoint === 'token') this.#noteToken(right);
    if (request.endpoint === 'referrers' && !request.query.has('last')) void this.#reach('first-page');
    // The challenge comes before the fault, so that the request it is about carries what must not get out.
    if (!this.#isArmed || !step.matches(request) || right.status === 401) return right;
    this.hits++;
    if (isOnce === true && this.hits > 1) return right;
    const response = this.#responses.get(request);
    if (response === undefined) throw new TypeError('an answer without a request');
    return await fault.answer({ request, right, response, elsewhere: (answer) => this.#putElsewhere(answer) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resolver.close();
    await Promise.all([this.registry.close(), this.elsewhere.close(), ...this.#held]);
  }

  /** Brings the fault in once the point before its step is reached. */
  async #reach(point: Point): Promise<void> {
    const { step, fault } = this.#setting;
    if (point !== step.after || this.#isArmed) return;
    if (this.#setting.holding === 'seen' && point === 'first-page') return;
    if (step.expiresTokens === true) this.registry.expireTokens();
    if (fault.kind === 'full-pool') await this.#holdConnection();
    this.#isArmed = true;
  }

  /** Opens a body and leaves it unread. */
  async #holdConnection(): Promise<void> {
    const fetcher = await this.#resolver.fetcher(`${this.registry.host}/${repository}:${imageTag}`);
    const descriptor = { mediaType: 'application/octet-stream', digest: heldDigest, size: 1_000_000 };
    // On a busy machine the deadline that the fault needs may be too short for the first try.
    for (let tries = 0; tries < 5; tries++) {
      const opened = fetcher.fetch(descriptor).then(
        (body) => body.on('error', () => undefined),
        () => undefined,
      );
      this.#held.push(opened);
      if ((await opened) !== undefined) return;
    }
    throw new Error('the connection that fills the pool could not be opened');
  }

  #putElsewhere(answer: RegistryAnswer): string {
    const path = `/answers/${this.#answersElsewhere.size}`;
    this.#answersElsewhere.set(path, answer);
    return `${this.elsewhere.origin}${path}?signature=${signature}`;
  }

  #noteToken({ status, body }: RegistryAnswer): void {
    if (status !== 200) return;
    const { token } = JSON.parse(Buffer.from(body ?? []).toString()) as { token: string };
    this.secrets.push(token);
  }

  #createResolver(): Resolver {
    const { fault } = this.#setting;
    // Only where time itself is the fault it is short: nothing else may fail because the machine is busy.
    const isTimed = ['silence', 'drip', 'full-pool'].includes(fault.kind);
    const shortMs = isTimed ? 500 : 8_000;
    const log = (message: string): void => {
      this.logged.push(message);
    };
    return createResolver({
      retry: { maxRetries: 1, baseDelayMs: 1, maxDelayMs: 1, maxRetryAfterMs: 1_000 },
      // The body that fills the pool must outlast the request that waits behind it.
      timeouts: { requestMs: shortMs, blobWindowMs: fault.kind === 'full-pool' ? 8_000 : shortMs, discoveryMs: 8_000 },
      limits: {
        maxManifestBytes: 64 * 1024,
        maxTokenBytes: 16 * 1024,
        maxConnectionsPerHost: fault.kind === 'full-pool' ? 1 : 64,
      },
      headers: { [this.registry.host]: { 'X-Api-Key': apiKey } },
      credentials: () => account,
      // Loopback would be asked in plain HTTP.
      ...(fault.isTls === true && {
        hosts: (host: string) => [{ host, scheme: 'https', capabilities: ['pull', 'resolve', 'referrers'] }],
        tls: { [this.registry.host]: { ca: authority } },
      }),
      logger: { debug: log, info: log, warn: log, error: log },
    });
  }
}

/** What a scene is about. */
export interface Setting {
  readonly step: Step;
  readonly fault: Fault;
  readonly holding: Holding;
  /** True where only the first request of the step is spoiled. */
  readonly isOnce?: boolean;
}

interface Servers {
  readonly registry: TestRegistry;
  readonly elsewhere: TestRegistry;
  readonly answersElsewhere: Map<string, RegistryAnswer>;
}

/** Starts both servers; the caller disposes the scene. */
export async function openScene(setting: Setting): Promise<Scene> {
  const answersElsewhere = new Map<string, RegistryAnswer>();
  const elsewhere = await startRegistry({ rewrite: ({ path }, own) => answersElsewhere.get(path) ?? own });
  const opened: { scene?: Scene } = {};
  const sceneOf = (): Scene => {
    if (opened.scene === undefined) throw new TypeError('a request before the scene was set');
    return opened.scene;
  };
  const registry = await startRegistry({
    auth: { type: 'bearer', ...account },
    referrersApi: setting.step.hasNoApi !== true,
    tls: setting.fault.isTls === true ? serverIdentity : undefined,
    pageSize: 1,
    intercept: (request, response) => sceneOf().onRequest(request, response),
    rewrite: (request, answer) => sceneOf().onAnswer(request, answer),
  });
  opened.scene = new Scene(setting, { registry, elsewhere, answersElsewhere });
  return opened.scene;
}

function isEmpty({ step, holding }: Setting): boolean {
  return holding === 'empty' || step.confirmsEmpty === true;
}

function fill({ store }: TestRegistry, setting: Setting): void {
  const { step, holding } = setting;
  store.add(repository, image, { tag: imageTag });
  if (isEmpty(setting)) return;
  for (const artifact of artifacts) store.add(repository, artifact);
  // Elsewhere the tag is absent: who fell back to it for no good reason would come home with an empty list.
  if (holding === 'tagged' || step.hasNoApi === true)
    store.setReferrersTag(repository, image.descriptor, truth.referrers);
}

async function read(fetcher: Fetcher, descriptor: Descriptor): Promise<string> {
  return (await buffer(await fetcher.fetch(descriptor))).toString();
}

function lastLayer(manifest: string): Descriptor {
  const { layers } = JSON.parse(manifest) as { layers: Descriptor[] };
  const last = layers.at(-1);
  if (last === undefined) throw new TypeError('an artifact without content');
  return last;
}
