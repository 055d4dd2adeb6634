import { z } from 'zod';

/** A list, and the schema of its items, from which a JSON Schema can be made. */
export type ListSchema<Item> = z.ZodType<Item[]> & { readonly item: z.ZodType<Item> };

/**
 * A list whose items follow a schema, checked only up to its first fault.
 *
 * @remarks `z.array` makes an issue for every wrong item: a hostile manifest of 4 MiB, `[0,0,0,…]`, took 15 seconds and
 * more than 1 GiB of memory to be refused.
 */
export function listOf<Item>(item: z.ZodType<Item>): ListSchema<Item> {
  const list = z.array(z.unknown()).transform((values, context): Item[] => {
    const items: Item[] = [];
    for (const [index, value] of values.entries()) {
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

/** An object whose values are all texts, for the same reason one issue at most. */
export const textRecord: z.ZodType<Record<string, string>> = z.custom<Record<string, string>>(
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((text) => typeof text === 'string'),
  { error: 'not an object of texts' },
);
