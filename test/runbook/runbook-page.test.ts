import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAsExpected, readBlocks, readSteps } from './support/page.js';
import { openScene } from './support/scene.js';
import type { Stage } from './support/stage.js';

const page = readFileSync(new URL('../../docs/runbook.md', import.meta.url), 'utf8');
const steps = readSteps(page);

// The page is typed from top to bottom into one shell: a step stands on those before it.
describe('docs/runbook.md', () => {
  let scene: Stage;
  beforeAll(async () => {
    scene = await openScene();
  });
  afterAll(async () => {
    await scene[Symbol.asyncDispose]();
  });

  for (const { heading, line, commands, expected } of steps) {
    const [first = ''] = commands.split('\n');
    it(`${heading}, line ${line}: ${first}`, async () => {
      const { output, status } = await scene.terminal.type(commands);
      if (!isAsExpected(output, expected)) expect(output, 'the page says something else').toBe(expected);
      expect(status, output).toBe(0);
    });
  }

  it('has no block whose commands nobody runs, and no output without a command', () => {
    const blocks = readBlocks(page);
    const languages = new Set(blocks.map(({ language }) => language));
    expect([...languages].sort()).toEqual(['promql', 'sh', 'text']);
    const outputs = blocks.filter(({ language }) => language === 'text');
    expect(outputs.map(({ text }) => text)).toEqual(
      steps.map(({ expected }) => expected).filter((text) => text !== ''),
    );
  });
});
