#!/usr/bin/env node
import { endingSignals, Interruption } from './interruption.js';
import { runCli } from './run-cli.js';

const controller = new AbortController();
for (const signal of endingSignals) {
  process.on(signal, () => {
    const interruption = new Interruption(signal);
    // The first one lets the command clean up; whoever asks twice does not want to wait for that.
    if (controller.signal.aborted) process.exit(interruption.exitCode);
    controller.abort(interruption);
  });
}
const { stdout, stderr, stdin, env } = process;
process.exitCode = await runCli(process.argv.slice(2), { stdout, stderr, stdin, env, signal: controller.signal });
