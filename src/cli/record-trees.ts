import { type BundleImage, type BundleRecord, type BundleSubject, parseReference } from '../index.js';

/** What a bundle says about one image and everything that refers to it. */
export interface ImageTree {
  readonly image: BundleImage;
  /** The lists of referrers of its repository, by the digest of their subject. */
  readonly lists: ReadonlyMap<string, BundleSubject>;
  /** Lists of manifests below its index. */
  readonly below: readonly BundleSubject[];
  /** Lists that were reached from it and could not be confirmed. */
  readonly unconfirmed: readonly BundleSubject[];
}

/** Sorts the lists of a record by the images they belong to; each list is looked at once, however many images there are. */
export function imageTrees({ images, referrers }: BundleRecord): readonly ImageTree[] {
  const repositoryOf = createRepositoryOf();
  const byRepository = groupBy(referrers.subjects, ({ reference }) => repositoryOf(reference));
  const byReference = groupBy(referrers.subjects, ({ reference }) => reference);
  const known = new Set(images.map(({ digest }) => digest));
  for (const { artifacts } of referrers.subjects) for (const { digest } of artifacts) known.add(digest);
  const byImage = groupBy(images, (image) => `${repositoryOf(image.reference)}@${image.digest}`);
  const listsOf = new Map(
    [...byRepository].map(([name, lists]) => [name, new Map(lists.map((list) => [list.subject, list]))] as const),
  );
  const trees = new Map<BundleImage, ImageTree>();
  for (const twins of byImage.values()) {
    // Another tag of the same image may be the one its lists name.
    const references = new Set(twins.map(({ reference }) => reference));
    const own = [...references].flatMap((reference) => byReference.get(reference) ?? []);
    // A subject that is neither image nor referrer is a manifest below the image's index.
    const below = own.filter(({ subject }) => !known.has(subject));
    const unconfirmed = own.filter(({ discovery }) => !discovery.complete);
    for (const image of twins) {
      const lists = listsOf.get(repositoryOf(image.reference)) ?? new Map<string, BundleSubject>();
      trees.set(image, { image, lists, below, unconfirmed });
    }
  }
  return images.flatMap((image) => trees.get(image) ?? []);
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

function createRepositoryOf(): (reference: string) => string {
  const known = new Map<string, string>();
  return (reference) => {
    const repository = known.get(reference) ?? readRepository(reference);
    known.set(reference, repository);
    return repository;
  };
}

/** A record that is only shown may hold anything. */
function readRepository(reference: string): string {
  try {
    const { registry, repository } = parseReference(reference);
    return `${registry}/${repository}`;
  } catch {
    return reference;
  }
}
