import { z } from 'zod';

/** A list, and the schema of its items, from which a JSON Schema can be made. */
export type ListSchema<Item> = z.ZodType<Item[]> & { readonly item: z.ZodType<Item> };

/**
 * A list whose items follow a schema, checked only up to its first fault.
 *
 * @remarks `z.array` makes an issue for every wrong item: a hostile manifest of 4 MiB, `[0,0,0,…]`, took 15 seconds and
 * more than 1 GiB of memory to be refused.
 * @param isPlain - tells quickly that the schema would take an item as it is; what it refuses goes to the schema
 */
export function listOf<Item>(item: z.ZodType<Item>, isPlain?: (value: unknown) => value is Item): ListSchema<Item> {
  const list = z.array(z.unknown()).transform((values, context): Item[] => {
    const items: Item[] = [];
    for (const [index, value] of values.entries()) {
      if (isPlain?.(value) === true) {
        items.push(value);
        continue;
      }
      const result = item.safeParse(value);
      if (result.success) {
        items.push(result.data);
        continue;
      }
      const issue = result.error.issues[0];
      context.addIssue({
        code: 'custom',
        message: issue?.message ?? 'invalid',
        path: [index, ...(issue?.path ?? [])],
      });
      return z.NEVER;
    }
    return items;
  });
  return Object.assign(list, { item });
}

/** Tells whether a value is an object whose values are all texts. */
export function isTextRecord(value: unknown): value is Record<string, string> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((text) => typeof text === 'string')
  );
}

/** An object whose values are all texts, for the same reason one issue at most. */
export const textRecord: z.ZodType<Record<string, string>> = z.custom<Record<string, string>>(isTextRecord, {
  error: 'not an object of texts',
});
