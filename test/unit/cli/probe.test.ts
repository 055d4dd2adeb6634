import { startRegistry } from '@stellaops/oci-referrers/testing';
import { describe, expect, it } from 'vitest';
import { cli, publish } from './support.js';

describe('probe', () => {
  it('shows each registry as a block that fits the terminal, with the evidence for each capability', async () => {
    await using native = await startRegistry();
    await using old = await startRegistry({ profile: 'distribution-2.8/delete-enabled' });
    for (const registry of [native, old]) publish(registry);
    const references = [native, old].map(({ host }) => `${host}/team/app:1.0`);
    const run = await cli(['probe', ...references, '--write-probes'], { terminalColumns: 80 });
    expect([run.code, run.stderr]).toEqual([0, '']);
    const lines = run.stdout.replaceAll(/probe_ms=\d+/g, 'probe_ms=N').split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(lines.slice(lines.indexOf(''), -1)).toEqual([
      '',
      `${old.host}/team/app:1.0`,
      '  version=registry/2.0  probe_ms=N  score=4/5',
      '  supported    version header  Docker-Distribution-API-Version: registry/2.0 in',
      '                               the 200 at /v2/',
      '  unsupported  referrers API   GET referrers: 404 with text/plain, no list',
      '                               (not-found)',
      '  supported    chunked upload  POST 202, PATCH 202, PATCH 202, PUT 201; by the',
      '                               status of POST alone: supported',
      '  supported    mount           POST ?mount into team/app-oci-probe 201; by a',
      '                               status of 201 or 202: supported',
      '  supported    delete          DELETE 202, HEAD 404; by Allow of OPTIONS (200):',
      '                               supported',
    ]);
    expect(lines.slice(0, 2)).toEqual([`${native.host}/team/app:1.0`, '  version=registry/2.0  probe_ms=N  score=5/5']);
  });

  it('writes nothing unless it is told to, and a line for each capability where nobody watches', async () => {
    await using registry = await startRegistry();
    publish(registry);
    const run = await cli(['probe', `${registry.host}/team/app:1.0`]);
    expect(run.stdout.trimEnd().split('\n')).toHaveLength(7);
    expect(run.stdout).toContain('  unknown      delete          not asked: only a write shows it');
    expect(registry.requests.every(({ method }) => method === 'GET' || method === 'HEAD')).toBe(true);
  });

  it('says what it left behind, with --quiet too, and within the width of a terminal', async () => {
    await using registry = await startRegistry({ profile: 'distribution-2.8' });
    publish(registry);
    const words = ['probe', `${registry.host}/team/app:1.0`, '--write-probes', '--quiet'];
    const { code, stderr } = await cli(words, { terminalColumns: 80, env: { NO_COLOR: '1' } });
    expect(code).toBe(0);
    expect(stderr).toMatch(/^warning: the probe wrote manifest\s+sha256:/);
    expect(Math.max(...stderr.split('\n').map((line) => line.length))).toBeLessThan(90);
  });

  it('tries every registry, says what is wrong with which, and ends with 3', async () => {
    await using registry = await startRegistry();
    await using gone = await startRegistry({ profile: 'dead-proxy/bad-gateway' });
    publish(registry);
    const references = [`${gone.host}/team/app`, `${registry.host}/team/app:1.0`, `${registry.host}/team/app`];
    const run = await cli(['probe', ...references]);
    expect(run.code).toBe(3);
    expect(run.stdout).toContain(`${registry.host}/team/app:1.0\n  version=registry/2.0`);
    expect(run.stderr).toContain(`error: ask /v2/ from ${gone.host}: 502`);
    expect(run.stderr).toContain(`name an image that is there, ${registry.host}/team/app:TAG`);
    const json = await cli(['probe', ...references, '--format', 'json']);
    expect(json.code).toBe(3);
    expect(JSON.parse(json.stdout)).toMatchObject([
      { reference: references[0], error: { code: 'ERR_OCI_REGISTRY_STATUS', status: 502 } },
      { reference: references[1], registry: registry.host, referrersApi: true, supported: 2, cached: false },
      { reference: references[2], error: { code: 'ERR_OCI_NOT_FOUND' } },
    ]);
  });

  it('warns of what a registry does not let it remove, and ends with 3 where the account may not write', async () => {
    await using fixed = await startRegistry({ profile: 'distribution-2.8' });
    await using closed = await startRegistry({ auth: { username: 'u', password: 'p', anonymousPull: true } });
    for (const registry of [fixed, closed]) publish(registry);
    const left = await cli(['probe', `${fixed.host}/team/app:1.0`, '--write-probes']);
    expect(left.code).toBe(0);
    expect(left.stderr).toMatch(/^warning: the probe wrote manifest sha256:.* could not be removed again: DELETE/);
    const refused = await cli(['probe', `${closed.host}/team/app:1.0`, '--write-probes']);
    expect(refused.code).toBe(3);
    expect(refused.stdout).toContain(
      '  unknown      mount           upload of a blob 401: the account may not do this',
    );
  });

  it('says what to type instead of a layout, of a wrong name, and of nothing', async () => {
    const layout = await cli(['probe', 'oci:mirror:1.2']);
    expect(layout.code).toBe(4);
    expect(layout.stderr).toContain('oci:mirror:1.2 is an image layout, and only registries are probed');
    expect((await cli(['probe', 'registry.example.com/Team/app'])).stderr).toContain('team/app');
    expect((await cli(['probe'])).code).toBe(4);
    expect((await cli(['probe', '--help'])).stdout).toContain(
      'probe registry.example.com/team/scratch:1 --write-probes',
    );
  });
});
