const source = `import { readFileSync, writeSync } from 'node:fs';
process.on('exit', () => {
  const [, peakKiB] = /VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'));
  writeSync(3, process.version + ' ' + peakKiB);
});`;

/**
 * Flags of Node by which a process tells at its end, on file descriptor 3, its version and how much it had resident at most.
 *
 * @remarks The kernel's own figure: a sample would miss the peak, and `maxRSS` begins with that of the process before it.
 */
export const tellFacts: readonly string[] = ['--import', `data:text/javascript,${encodeURIComponent(source)}`];

/** What a process has told. */
export interface ToldFacts {
  /** Version of Node; empty when the process was killed. */
  readonly nodeVersion: string;
  /** Most bytes it had resident at once; 0 when it was killed. */
  readonly peakBytes: number;
}

/** Reads what came out of file descriptor 3. */
export function readFacts(told: string): ToldFacts {
  const [nodeVersion = '', peakKiB = 0] = told.split(' ');
  return { nodeVersion, peakBytes: Number(peakKiB) * 1024 };
}
