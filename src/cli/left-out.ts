/** Says how many referrers a result does not show; `undefined` where it shows all of them. */
export function leftOut(count: number, isFiltered: boolean): string | undefined {
  if (count === 0) return undefined;
  // Without a filter only a referrer that names another subject is left out, and a warning tells which.
  return `${count} left out ${isFiltered ? 'by the filter' : 'with a warning'}`;
}
