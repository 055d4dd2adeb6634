/** What each field of an object has to look like so that it is taken as it is. */
export type PlainFields<Key extends string = string> = Readonly<Record<Key, (value: unknown) => boolean>>;

/**
 * Makes a check whether a decoded value is an object as it stands: complete, and with nothing that its schema would leave out
 * or read as absent.
 *
 * @remarks Nearly all are, and going through a schema takes many times as long. What is not goes to the schema, which says
 * what is wrong.
 */
export function plainObject<Plain extends object>(
  fields: PlainFields<keyof Plain & string>,
  required: readonly (keyof Plain & string)[],
): (value: unknown) => value is Plain {
  const known = new Map<string, (value: unknown) => boolean>(Object.entries(fields));
  return (value): value is Plain => {
    if (typeof value !== 'object' || value === null) return false;
    for (const key in value) {
      const isPlain = known.get(key);
      if (isPlain === undefined || !isPlain((value as Record<string, unknown>)[key])) return false;
    }
    return required.every((key) => Object.hasOwn(value, key));
  };
}

/** Makes a check whether a decoded value is a list of nothing but such items. */
export function plainListOf(isPlain: (value: unknown) => boolean): (value: unknown) => boolean {
  return (value) => Array.isArray(value) && value.every((item) => isPlain(item));
}
