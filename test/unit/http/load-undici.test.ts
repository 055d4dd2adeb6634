import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { buildConnector, Agent as WholeAgent } from 'undici';
import { describe, expect, it } from 'vitest';
import { loadUndici } from '../../../src/http/load-undici.js';

const run = promisify(execFile);

describe('the part of undici that makes connections', () => {
  it('is that of undici itself', async () => {
    expect(await loadUndici()).toEqual({ Agent: WholeAgent, buildConnector });
  });

  it('has its own files, which load little else', async () => {
    const script = `
      const files = () => Object.keys(require.cache).length;
      require('undici/lib/dispatcher/agent.js');
      require('undici/lib/core/connect.js');
      const part = files();
      require('undici');
      console.log(JSON.stringify([part, files()]));`;
    const { stdout } = await run(process.execPath, ['-e', script]);
    const [part, whole] = JSON.parse(stdout) as [number, number];
    expect(part).toBeLessThan(whole / 2);
  });
});
