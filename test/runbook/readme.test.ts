import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAsExpected, readSteps } from './support/page.js';
import { openScene } from './support/scene.js';
import type { Stage } from './support/stage.js';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const steps = readSteps(readme).filter(({ heading }) => heading === 'What it looks like');

// Typed from top to bottom into one shell: what is exported first is looked at after.
describe('"What it looks like" in the README', () => {
  let scene: Stage;
  beforeAll(async () => {
    scene = await openScene();
  });
  afterAll(async () => {
    await scene[Symbol.asyncDispose]();
  });

  it('shows each command that looks at something', () => {
    const shown = steps.map(({ commands }) => /oci-referrers ((?:bundle |doctor )?[a-z]+)/.exec(commands)?.[1]);
    expect(shown).toEqual(['discover', 'probe', 'doctor run', 'bundle export', 'bundle inspect', 'bundle validate']);
  });

  for (const { commands, expected } of steps) {
    it(commands.split('\n', 1)[0] ?? '', async () => {
      const { output, status } = await scene.terminal.type(commands);
      if (!isAsExpected(output, expected)) expect(output, 'the README says something else').toBe(expected);
      expect(status, output).toBe(0);
    });
  }
});
