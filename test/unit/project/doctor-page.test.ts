import { readFileSync } from 'node:fs';
import { doctorChecks } from '@stellaops/oci-referrers';
import { expect, it } from 'vitest';
import { openWard, user } from '../doctor/scene.js';

const page = readFileSync(new URL('../../../docs/doctor.md', import.meta.url), 'utf8');

it('docs/doctor.md has every check with its severity, its four parts, and the command that runs it again', () => {
  const sections = page.split(/^## /m);
  for (const { id, defaultSeverity } of doctorChecks) {
    const section = sections.find((text) => text.startsWith(`${id}\n`)) ?? '';
    expect([id, section]).toEqual([id, expect.stringContaining(`Default severity: ${defaultSeverity}.`)]);
    for (const part of ['| outcome | when |', 'Evidence: ', '**Why it matters**', `doctor run --check ${id}`]) {
      expect([id, section]).toEqual([id, expect.stringContaining(part)]);
    }
  }
});

it('docs/doctor.md explains all evidence there is', async () => {
  const names = new Set<string>();
  for (const profile of ['distribution-2.8', 'ghcr-2026', 'hub-2026', 'dead-proxy/bad-gateway'] as const) {
    await using ward = await openWard({ profile, auth: user });
    const { results } = await ward.run({ ...user, writeProbes: true });
    for (const name of results.flatMap(({ evidence }) => Object.keys(evidence))) names.add(name);
  }
  // Each capability is named by its words there.
  const explained = (name: string): boolean =>
    page.includes(`\`${name}\``) || /_(?:evidence|header|api|upload|mount)$|^delete$/.test(name);
  expect([...names].filter((name) => !explained(name))).toEqual([]);
  expect(names.size).toBeGreaterThan(20);
});
