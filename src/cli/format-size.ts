const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** Writes a number of bytes for people, in powers of 1,000: `812 B`, `1.2 kB`, `45 MB`. */
export function formatSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // What would round up to 1,000 belongs to the next unit.
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 9.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit] ?? ''}`;
}

/** Writes a number of seconds for people: `4 s`, `2 min 5 s`, `3 h 12 min`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Shortens a digest to its algorithm and twelve characters, as people compare them. */
export function shortDigest(digest: string): string {
  const colon = digest.indexOf(':');
  return digest.slice(0, colon + 13);
}

/** Writes a count with its noun: `1 referrer`, `2 referrers`. */
export function countOf(count: number, noun: string, plural: string = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}
