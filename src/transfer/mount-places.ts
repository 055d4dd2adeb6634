/** Where the blobs of one transfer may be taken from instead of being uploaded; made by {@link MountPlaces.at}. */
export interface BlobMounts {
  /** Repositories of the target's registry that have the blob. */
  readonly from: (digest: string) => readonly string[];
  /** Told when the target has the blob. */
  readonly done: (digest: string) => void;
  /** Told when the registry would not take a blob from a repository: it is not asked again. */
  readonly refused: (repository: string) => void;
}

/** Remembers which repositories of each registry have a blob, so that the next one need not be sent it. */
export class MountPlaces {
  readonly #places = new Map<string, Set<string>>();

  /** Looks at it from one repository. */
  at(registry: string, repository: string): BlobMounts {
    const refusing = new Set<string>();
    const keyOf = (digest: string): string => `${registry} ${digest}`;
    return {
      from: (digest) =>
        [...(this.#places.get(keyOf(digest)) ?? [])].filter((name) => name !== repository && !refusing.has(name)),
      done: (digest) => {
        this.add(registry, repository, digest);
      },
      refused: (name) => {
        refusing.add(name);
      },
    };
  }

  /** Says that a repository has a blob. */
  add(registry: string, repository: string, digest: string): void {
    const key = `${registry} ${digest}`;
    const places = this.#places.get(key) ?? new Set();
    this.#places.set(key, places.add(repository));
  }
}
