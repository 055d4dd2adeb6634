/** Words that differ in more than a third of their letters are no misspelling of each other. */
const mostDifferent = 3;
/** Nobody mistypes a word of this length; comparing costs the product of two lengths. */
const maxLength = 256;

/**
 * Finds the word that was most likely meant; undefined where none is near.
 *
 * @param ignored - letters at the end that say little, such as those of `.json`
 */
export function nearest(word: string, candidates: Iterable<string>, ignored = 0): string | undefined {
  let found: { readonly candidate: string; readonly distance: number } | undefined;
  const typed = word.toLowerCase();
  for (const candidate of candidates) {
    const most = Math.min(mostDifferent, Math.floor((Math.max(typed.length, candidate.length) - ignored) * 0.4));
    if (Math.abs(typed.length - candidate.length) > most || candidate.length > maxLength) continue;
    const distance = distanceOf(typed, candidate.toLowerCase());
    if (distance <= most && distance < (found?.distance ?? Number.POSITIVE_INFINITY)) found = { candidate, distance };
  }
  return found?.candidate;
}

/** Counts the letters to insert, delete, replace or swap with the next (Damerau and Levenshtein). */
function distanceOf(left: string, right: string): number {
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const isSame = left[row - 1] === right[column - 1];
      const isSwapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      const cost = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (isSame ? 0 : 1),
        isSwapped ? (beforeLast[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
      current.push(cost);
    }
    [beforeLast, last] = [last, current];
  }
  return last[right.length] ?? 0;
}
