import { execFileSync } from 'node:child_process';

/** Makes a named pipe, which keeps whoever opens it for reading waiting until somebody writes. */
export function makeFifo(path: string): void {
  execFileSync('/bin/sh', ['-c', 'mkfifo "$0"', path]);
}
