import type { ServerResponse } from 'node:http';
import { type Descriptor, type ReferrersList, type Resolver, referrersTag } from '@stellaops/oci-referrers';
import {
  buildArtifact,
  buildImage,
  type InterceptedRequest,
  type RegistryAnswer,
  type TestContent,
  type TestRegistry,
} from '@stellaops/oci-referrers/testing';
import fc from 'fast-check';
import { sbomType } from './setup.js';

/** What one node behind the address does when it is asked for referrers. */
const nodes = ['api', 'not-found', 'method-not-allowed', 'login-page'] as const;
const faults = ['500', '403', '429', 'cut', 'half', 'denied-404', 'half-json', 'empty-object', 'null-list'] as const;

/** One registry, what it holds for one subject, and what is asked of it. */
export const worlds: fc.Arbitrary<World> = fc.record({
  byApi: fc.subarray([0, 1, 2, 3]),
  tag: fc.oneof(
    fc.constantFrom('absent' as const, 'absent' as const, 'subject' as const, 'other-image' as const),
    fc.record({ listed: fc.subarray([2, 3, 4]), isStale: fc.boolean(), isDoubled: fc.boolean() }),
  ),
  nodes: fc.oneof(
    fc.constantFrom(...nodes).map((node) => [node]),
    fc.array(fc.constantFrom(...nodes), { minLength: 2, maxLength: 4 }),
  ),
  pageSize: fc.integer({ min: 1, max: 5 }),
  isKnown: fc.boolean(),
  olderTags: fc.subarray(['sig', 'custom']),
  fault: fc.option(fc.record({ at: fc.integer({ min: 0, max: 9 }), kind: fc.constantFrom(...faults) }), {
    nil: undefined,
  }),
  calls: fc.array(fc.constantFrom('plain' as const, 'export' as const), { minLength: 1, maxLength: 3 }),
});

export interface World {
  readonly byApi: readonly number[];
  readonly tag: 'absent' | 'subject' | 'other-image' | { listed: number[]; isStale: boolean; isDoubled: boolean };
  readonly nodes: readonly (typeof nodes)[number][];
  readonly pageSize: number;
  readonly isKnown: boolean;
  readonly olderTags: readonly string[];
  readonly fault: { readonly at: number; readonly kind: (typeof faults)[number] } | undefined;
  readonly calls: readonly ('plain' | 'export')[];
}

/** The world as it runs: the registry's side, and what the model has to know of it. */
export class RunningWorld {
  readonly subject: TestContent = buildImage({ layers: [Buffer.from('subject')] });
  readonly #world: World;
  readonly #artifacts: readonly TestContent[];
  readonly #stale: Descriptor;
  #requests = 0;
  #asked = 0;
  /** True once a node has given a list. */
  hasSeenApi = false;
  hadFault = false;

  constructor(world: World, registry: TestRegistry, repository: string) {
    this.#world = world;
    const artifact = (content: string): TestContent =>
      buildArtifact({ artifactType: sbomType, subject: this.subject.descriptor, content });
    this.#artifacts = ['0', '1', '2', '3', '4'].map(artifact);
    this.#stale = artifact('deleted since').descriptor;
    const { store } = registry;
    store.repository(repository);
    if (world.isKnown || world.tag === 'subject') store.add(repository, this.subject);
    for (const [at, content] of this.#artifacts.entries()) {
      if (this.#isListedByTag(at) || world.byApi.includes(at)) store.add(repository, content);
    }
    const tag = referrersTag(this.subject.descriptor.digest);
    if (world.tag === 'subject') store.add(repository, this.subject, { tag });
    if (world.tag === 'other-image') store.add(repository, buildImage(), { tag });
    if (typeof world.tag === 'object') store.setReferrersTag(repository, this.subject.descriptor, this.#entries());
    for (const suffix of world.olderTags) store.add(repository, buildImage(), { tag: `${tag}.${suffix}` });
  }

  #isListedByTag(at: number): boolean {
    return typeof this.#world.tag === 'object' && this.#world.tag.listed.includes(at);
  }

  #entries(): readonly Descriptor[] {
    const { tag } = this.#world;
    if (typeof tag !== 'object') return [];
    const listed = this.#pick((at) => tag.listed.includes(at));
    return [...listed, ...(tag.isDoubled ? listed.slice(0, 1) : []), ...(tag.isStale ? [this.#stale] : [])];
  }

  #pick(isWanted: (at: number) => boolean): readonly Descriptor[] {
    return this.#artifacts.filter((_, at) => isWanted(at)).map(({ descriptor }) => descriptor);
  }

  /** Lists that are right for a call that has ended now; undefined stands for "an error, nothing else". */
  truth(call: 'plain' | 'export'): readonly Descriptor[] | undefined {
    const { byApi, tag, isKnown, nodes: kinds } = this.#world;
    if (this.hasSeenApi)
      return this.#pick((at) => byApi.includes(at) || (call === 'export' && this.#isListedByTag(at)));
    if (typeof tag === 'object') return this.#entries();
    if (tag === 'subject') return [];
    if (tag === 'other-image') return undefined;
    const mayBeBelieved = isKnown || (call === 'plain' && kinds.includes('not-found'));
    return mayBeBelieved ? [] : undefined;
  }

  /** Whether there is no excuse for an error. */
  get hasToAnswer(): boolean {
    const [first] = this.#world.nodes;
    const isUniform = this.#world.nodes.every((node) => node === first);
    return !this.hadFault && isUniform && this.#world.isKnown && (first === 'api' || this.#world.tag !== 'other-image');
  }

  /** Answers in place of the registry where a node is without the API, or where the fault is due. */
  intercept(request: InterceptedRequest, response: ServerResponse): boolean {
    const { fault, nodes: kinds } = this.#world;
    if (this.#requests++ === fault?.at) {
      this.hadFault = true;
      if (fault.kind === 'half') return false;
      if (fault.kind === 'cut') request.message.socket.destroy();
      else answerFault(request.endpoint === 'referrers' ? fault.kind : withoutLie(fault.kind), response);
      return true;
    }
    if (request.endpoint !== 'referrers') return false;
    const kind = kinds[this.#asked++ % kinds.length];
    this.hasSeenApi ||= kind === 'api';
    if (kind === 'not-found') response.writeHead(404).end('404 page not found');
    if (kind === 'method-not-allowed') response.writeHead(405).end();
    if (kind === 'login-page') response.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
    return kind !== 'api';
  }

  /** Takes out of the API's list what only the tag lists; cuts the answer where the fault wants it. */
  rewrite(request: InterceptedRequest, answer: RegistryAnswer): RegistryAnswer {
    const { fault, byApi } = this.#world;
    const isCut = this.#requests - 1 === fault?.at && fault.kind === 'half' && answer.body !== undefined;
    if (isCut) return { ...answer, cutAfterBytes: answer.body.length / 2 };
    if (request.endpoint !== 'referrers' || answer.body === undefined || answer.status !== 200) return answer;
    const list = JSON.parse(Buffer.from(answer.body).toString()) as { manifests: Descriptor[] };
    const known = new Set(this.#pick((at) => byApi.includes(at)).map(({ digest }) => digest));
    const manifests = list.manifests.filter(({ digest }) => known.has(digest));
    return { ...answer, body: Buffer.from(JSON.stringify({ ...list, manifests })) };
  }
}

/** A broken list is a fault where a list is asked for; in other places it would claim content that is not there. */
function withoutLie(kind: (typeof faults)[number]): (typeof faults)[number] {
  return ['half-json', 'empty-object', 'null-list'].includes(kind) ? '500' : kind;
}

function answerFault(kind: (typeof faults)[number], response: ServerResponse): void {
  const index = { 'content-type': 'application/vnd.oci.image.index.v1+json' };
  if (kind === 'denied-404') response.writeHead(404).end('{"errors":[{"code":"DENIED","message":"no"}]}');
  else if (kind === 'half-json') response.writeHead(200, index).end('{"schemaVersion":2,');
  else if (kind === 'empty-object') response.writeHead(200, index).end('{}');
  else if (kind === 'null-list') response.writeHead(200, index).end('{"schemaVersion":2,"manifests":null}');
  else response.writeHead(Number(kind)).end();
}

/** Asks as a caller would. */
export async function ask(
  resolver: Resolver,
  reference: string,
  subject: Descriptor,
  call: 'plain' | 'export',
): Promise<ReferrersList> {
  const fetcher = await resolver.fetcher(reference);
  const isExport = call === 'export';
  return await fetcher.listReferrers(subject, {
    confirmSubject: isExport,
    includeTagSchema: isExport,
    legacyTags: isExport,
  });
}
