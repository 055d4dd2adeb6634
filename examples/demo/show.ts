import { spawn } from 'node:child_process';
import { once } from 'node:events';

const command = 'dist/cli/main.js';
let count = 0;

/** Prints a numbered heading. */
export function step(title: string): void {
  count++;
  console.log(`\n${count}. ${title}`);
}

/** Prints one line of explanation. */
export function explain(line: string): void {
  console.log(`   ${line}`);
}

/** Runs the command line of this package, shows what it prints, and checks its exit code. */
export async function runCommand(parameters: readonly string[], { expectedExit = 0 } = {}): Promise<void> {
  console.log(`   $ oci-referrers ${parameters.join(' ')}`);
  const child = spawn(process.execPath, [command, ...parameters], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      output += text;
    });
  }
  const [exit] = (await once(child, 'close')) as [number | null];
  for (const line of output.trimEnd().split('\n')) console.log(`   ${line}`);
  if (exit !== expectedExit) throw new Error(`oci-referrers ended with ${exit ?? 'a signal'}, not ${expectedExit}`);
  if (expectedExit !== 0) explain(`(exit code ${expectedExit}, as it should be)`);
}
