import { readdirSync, readFileSync } from 'node:fs';
import { isOciError } from '@stellaops/oci-referrers';
import { type ProfileName, registryProfiles, startRegistry } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import { openProfile } from './scene.js';

const folder = new URL('.', import.meta.url);
const tests = readdirSync(folder)
  .filter((name) => name.endsWith('.test.ts') && name !== 'table.test.ts')
  .map((name) => readFileSync(new URL(name, folder), 'utf8'))
  .join('\n');
const names = readFileSync(new URL('../../../src/testing/profile-names.ts', import.meta.url), 'utf8').matchAll(
  /'(.+)'/g,
);
const page = readFileSync(new URL('../../../docs/profiles.md', import.meta.url), 'utf8');

describe('the profiles', () => {
  it('fill 24 rows, each name once', () => {
    expect([...new Set(registryProfiles.map(({ row }) => row))]).toEqual(Array.from({ length: 24 }, (_, at) => at + 1));
    expect(registryProfiles.map(({ name }) => name).sort()).toEqual([...names].map(([, name]) => name).sort());
  });

  it.each(registryProfiles)(
    '$name says what it stands for and what is not established, here and in docs/profiles.md, and has a test',
    (profile) => {
      const { name, row, standsFor, notEstablished, evidence } = profile;
      expect(standsFor).not.toBe('');
      expect(evidence === 'constructed' ? notEstablished : []).toEqual([]);
      expect(tests).toContain(`'${name}'`);
      const line = page.split('\n').find((text) => text.startsWith(`| ${row} |`)) ?? '';
      const [base = '', variant] = name.split('/');
      expect(line).toContain(variant === undefined ? `\`${base}\`` : `\`/${variant}\``);
      expect(line).toContain(evidence);
      const listed = page.split('\n').filter((text) => text.startsWith(`- \`${name}\`: `));
      const told = notEstablished.length === 0 ? [] : [`- \`${name}\`: ${notEstablished.join('; ')}`];
      expect(listed).toEqual(told);
    },
  );

  it.each(registryProfiles)(
    '$name never names a host outside this machine where a client is sent',
    async ({ name }) => {
      await using scene = await openProfile(name, { auth: { username: 'user', password: 'secret' } });
      const { origin, elsewhere } = scene.registry;
      const paths = [
        '',
        'team/app/manifests/v1',
        'team/app/tags/list?n=1',
        `team/app/referrers/${scene.image.descriptor.digest}`,
      ];
      for (const path of paths) {
        const answer = await fetch(`${origin}/v2/${path}`, { redirect: 'manual' }).catch(() => undefined);
        for (const header of ['location', 'www-authenticate', 'link']) {
          for (const [url] of (answer?.headers.get(header) ?? '').matchAll(/https?:\/\/[^/"?>]+/g)) {
            expect([origin, elsewhere?.origin, 'http://169.254.169.254', 'http://[']).toContain(url);
          }
        }
      }
    },
  );

  it('are found by name alone: another is refused, with those that are known', async () => {
    const fault: unknown = await startRegistry({ profile: 'ghrc' as ProfileName }).catch((error: unknown) => error);
    expect(isOciError(fault, 'ERR_OCI_INVALID_OPTION') && fault.hint).toContain('ghcr-2026');
  });
});
