import type { Descriptor } from '@stellaops/oci-referrers';
import {
  buildArtifact,
  buildImage,
  type RegistryStore,
  type TestRegistryOptions,
} from '@stellaops/oci-referrers/testing';

/** What a registry holds for one piece of work. */
export interface BenchScene {
  readonly options: TestRegistryOptions;
  /** Fills the registry and returns the subjects that are asked about. */
  fill(store: RegistryStore): readonly Descriptor[];
}

/** The repository everything is in. */
export const repository = 'bench/app';
const pageBytes = 1024 * 1024;

function addImage(store: RegistryStore, name: string, referrers: number): Descriptor {
  const image = buildImage({ layers: [Buffer.from(name)] });
  store.add(repository, image);
  for (let at = 0; at < referrers; at++) {
    const content = `${name} ${at}`;
    store.add(repository, buildArtifact({ artifactType: 'application/spdx+json', subject: image.descriptor, content }));
  }
  return image.descriptor;
}

/** Makes each page a mebibyte of raw bytes: a client that kept them all would need a hundred. */
function padded(page: Uint8Array = new Uint8Array()): Uint8Array {
  return Buffer.concat([page, Buffer.alloc(Math.max(0, pageBytes - page.length), ' ')]);
}

/** Scenes by name; a server process is told which one to serve. */
export const scenes = {
  pages: {
    options: { pageSize: 100 },
    fill: (store) => [addImage(store, 'image', 10_000)],
  },
  paddedPages: {
    options: { pageSize: 100, rewrite: (_, answer) => ({ ...answer, body: padded(answer.body) }) },
    fill: (store) => [addImage(store, 'image', 10_000)],
  },
  subjects: {
    options: {},
    fill: (store) => Array.from({ length: 1_000 }, (_, at) => addImage(store, `image ${at}`, 2)),
  },
  closure: {
    options: {},
    fill: (store) => [addImage(store, 'image', 1_000)],
  },
} as const satisfies Record<string, BenchScene>;

/** Name of a scene. */
export type SceneName = keyof typeof scenes;
