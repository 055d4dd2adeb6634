import { beforeAll, beforeEach } from 'vitest';
import { startRegistry, type TestRegistryOptions } from '../../../src/testing/index.js';
import { type InteropRegistry, nativeRegistry } from './registries.js';
import { describeWith } from './tools.js';
import { Wire } from './wire.js';

/** A registry that has to answer what distribution-spec v1.1.1 asks; what it is known to get wrong is written down here. */
export interface SpecPeer {
  readonly name: string;
  readonly tools: readonly string[];
  /** What it answers where an upload is not known (any more); the specification has 404. */
  readonly answerToUnknownUpload: number;
  /** Whether capital letters come before all others in its lists of tags; to the specification case does not count. */
  readonly sortsByBytes: boolean;
  /** Whether it breaks down where no tag at all is asked for; the specification wants an empty list. */
  readonly breaksAtNoTags: boolean;
  /** Whether its list of referrers loses one that loses a tag, and is still there. */
  readonly forgetsUntagged: boolean;
  start(): Promise<InteropRegistry>;
}

/** What a test of the specification is about. */
export interface SpecScene {
  readonly peer: SpecPeer;
  /** A repository that has nothing but the empty blob, a new one for every test. */
  readonly wire: () => Wire;
  /** Another one, which is not there before something is pushed. */
  readonly another: (name: string) => Wire;
}

const faultless = { answerToUnknownUpload: 404, sortsByBytes: false, breaksAtNoTags: false, forgetsUntagged: false };

const peers: readonly SpecPeer[] = [
  { ...faultless, name: 'the in-memory registry', tools: [], start: () => startInMemory({}) },
  {
    ...faultless,
    name: 'its profile conformant-1.1',
    tools: [],
    start: () => startInMemory({ profile: 'conformant-1.1' }),
  },
  {
    ...nativeRegistry,
    name: 'olareg',
    answerToUnknownUpload: 400,
    sortsByBytes: true,
    breaksAtNoTags: true,
    forgetsUntagged: true,
  },
];

/** Starts the registry of src/testing as if it were a real one. */
export async function startInMemory(options: TestRegistryOptions): Promise<InteropRegistry> {
  const registry = await startRegistry(options);
  return { host: registry.host, stop: () => registry.close() };
}

/** Describes what the specification asks about something, of the in-memory registry and of olareg. */
export function describeSpec(about: string, body: (scene: SpecScene) => void): void {
  for (const peer of peers) {
    describeWith(peer.tools, `what the specification asks about ${about}, of ${peer.name}`, () => {
      let registry: InteropRegistry;
      let repositories = 0;
      let wire: Wire;
      const another = (name: string): Wire => new Wire(`http://${registry.host}`, name);
      beforeAll(async () => {
        registry = await peer.start();
        return () => registry.stop();
      });
      beforeEach(async () => {
        repositories += 1;
        wire = another(`team/app-${String(repositories)}`);
        await wire.pushEmptyBlob();
      });
      body({ peer, wire: () => wire, another });
    });
  }
}
