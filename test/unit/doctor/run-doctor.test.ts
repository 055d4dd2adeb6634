import { readFileSync } from 'node:fs';
import { type ArgumentError, doctorChecks, runDoctor } from '@stellaops/oci-referrers';
import { registryProfiles, startRegistry } from '@stellaops/oci-referrers/testing';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import type { CheckContext, DoctorCheck } from '../../../src/doctor/doctor-check.js';
import { runCheck } from '../../../src/doctor/run-check.js';
import { checkAt, openWard, user } from './scene.js';

const schemaText = readFileSync(new URL('../../../schemas/doctor-report.schema.json', import.meta.url), 'utf8');
const isReport = new Ajv2020({ strict: true, allowUnionTypes: true, formats: { 'date-time': true } }).compile(
  JSON.parse(schemaText) as object,
);
const ids = doctorChecks.map(({ id }) => id);

describe('a run of the doctor', () => {
  it('reports every check in order, with counts, a command to run it again, and what it is about', async () => {
    await using ward = await openWard();
    const report = await ward.run();
    expect(report.results.map(({ checkId }) => checkId)).toEqual(ids);
    expect(report).toMatchObject({ registryUrl: ward.registry.origin, repository: 'library/alpine', tag: 'latest' });
    expect(report.summary).toEqual({ pass: 4, info: 2, warn: 0, fail: 0 });
    for (const { checkId, verification, evidence, relatedChecks } of report.results) {
      const writes = /push|capabilities/.test(checkId) ? ' --write-probes' : '';
      expect(verification).toBe(
        `oci-referrers doctor run --check ${checkId} --registry-url ${ward.registry.origin}${writes}`,
      );
      expect(evidence).toMatchObject({ registry_url: ward.registry.origin, auth_method: 'anonymous' });
      expect(relatedChecks.filter((id) => !ids.includes(id) || id === checkId)).toEqual([]);
    }
  });

  it('writes nothing and asks for nothing that is not needed, unless write probes are allowed', async () => {
    await using ward = await openWard();
    await ward.run();
    expect(new Set(ward.registry.requests.map(({ method }) => method))).toEqual(new Set(['GET', 'HEAD']));
    ward.registry.clearRequests();
    await ward.check('push', { writeProbes: true });
    const writes = ward.registry.requests.filter(({ endpoint }) => endpoint === 'upload');
    expect(writes.map(({ method, status }) => `${method} ${String(status)}`)).toEqual(['POST 202', 'DELETE 204']);
  });

  it('has one form, that of its JSON Schema, whatever the registry does', async () => {
    for (const { name } of registryProfiles.filter((profile) =>
      /^(?:acr|dead|ecr|ghcr|quay|zot|hub)/.test(profile.name),
    )) {
      await using registry = await startRegistry({ profile: name });
      const login = { credentials: () => ({ anonymous: true as const }) };
      const report = await runDoctor({ registryUrl: registry.host, retry: 0, checkMs: 3_000, ...login });
      expect([name, isReport(report), isReport.errors]).toEqual([name, true, null]);
    }
  });

  it('goes on after a check that throws what no check should, and says that this is a fault of the doctor', async () => {
    const broken = { ...fakeCheck(), run: () => Promise.reject(new TypeError('x is not a \u001B[31mfunction')) };
    const result = await runCheck(broken, fakeRun(1_000), AbortSignal.timeout(10_000));
    expect(result).toMatchObject({ severity: 'fail', likelyCauses: ['a fault of oci-referrers'] });
    expect(result.message).toBe('the check ended in a fault of its own: x is not a \\u001b[31mfunction');
  });

  it('has removed what a write probe wrote when it returns, also where its time was over', async () => {
    await using ward = await openWard({
      intercept: ({ method, endpoint }) => method === 'PUT' && endpoint === 'manifest',
    });
    const { repositories } = ward.registry.store;
    const blobs = (): number => [...repositories.values()].reduce((sum, one) => sum + one.blobs.size, 0);
    const before = blobs();
    const result = await ward.check('capabilities', { writeProbes: true, checkMs: 1_000 });
    expect(result).toMatchObject({ severity: 'fail', evidence: { error_code: 'ERR_OCI_TIMEOUT' } });
    expect(blobs()).toBe(before);
  });

  it('ends a check that does not end, after checkMs', async () => {
    const endless = { ...fakeCheck(), run: () => new Promise<never>(() => undefined) };
    const result = await runCheck(endless, fakeRun(50), AbortSignal.timeout(10_000));
    expect(result).toMatchObject({ severity: 'fail', evidence: { error_code: 'ERR_OCI_TIMEOUT' } });
    expect(result.message).toMatch(/did not finish within checkMs \(50 ms\)/);
  });

  it('bounds every check at a registry that drips, and says so six times', async () => {
    await using ward = await openWard({ intercept: () => true });
    const report = await ward.run({ checkMs: 200, writeProbes: false });
    expect(report.summary).toMatchObject({ fail: 5, info: 1 });
    expect(report.durationMs).toBeLessThan(3_000);
  });

  it('rejects with the reason of the caller who gives up', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    await using ward = await openWard({
      intercept: () => {
        controller.abort(reason);
        return true;
      },
    });
    await expect(ward.run({ signal: controller.signal })).rejects.toBe(reason);
    await expect(ward.run({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('says what a provider of credentials did, and does not blame the registry', async () => {
    await using ward = await openWard({ auth: user });
    const result = await ward.check('credentials', {
      credentials: () => {
        throw new Error('the vault is sealed');
      },
    });
    expect(result).toMatchObject({ severity: 'fail', evidence: { error_code: 'ERR_OCI_CREDENTIALS' } });
  });
});

describe('what the doctor is told', () => {
  const wrong = async (options: object): Promise<unknown> =>
    await runDoctor({ registryUrl: 'registry.example.com', ...options }).catch((error: unknown) => error);

  it.each([
    [
      'a check that does not exist',
      { checks: ['check.integration.oci.referers'] },
      'checks',
      /did you mean check\.integration\.oci\.referrers\? There are check\.integration\.oci\.registry, /,
    ],
    [
      'a check by half its name',
      { checks: ['capability'] },
      'checks',
      /did you mean check\.integration\.oci\.capabilities/,
    ],
    ['a tag that does not exist', { tags: ['referers'] }, 'tags', /did you mean referrers\? There are registry, oci/],
    ['no check at all', { checks: [] }, 'checks', /API reference/],
    ['an option that does not exist', { testrepository: 'team/app' }, 'testrepository', /API reference/],
    ['a repository in capitals', { testRepository: 'Team/App' }, 'testRepository', /API reference/],
    ['a token and a password', { token: 'abcdefgh', ...user }, 'token', /one or the other/],
    [
      'a path behind the host',
      { registryUrl: 'https://a.example.com/artifactory/oci' },
      'registryUrl',
      /such as artifactory\/oci\/library\/alpine/,
    ],
    ['another scheme', { registryUrl: 'oci://a.example.com' }, 'registryUrl', /write https:\/\//],
    ['nothing for a registry', { registryUrl: ' ' }, 'registryUrl', /write https:\/\//],
    [
      'https, and plain HTTP',
      { registryUrl: 'https://a.example.com', plainHttp: true },
      'registryUrl',
      /write http:\/\//,
    ],
  ])('%s is an error that says what to write', async (_what, options, argument, hint) => {
    const error = await wrong(options);
    expect(error).toMatchObject({ code: 'ERR_OCI_INVALID_OPTION', argument });
    expect((error as ArgumentError).hint).toMatch(hint);
  });

  it('a password in the URL is refused, and not repeated', async () => {
    const error = await wrong({ registryUrl: 'https://robot:hunter2-secret@registry.example.com' });
    expect(error).toMatchObject({ argument: 'registryUrl' });
    expect((error as ArgumentError).hint).toMatch(/OCI__Password/);
    expect(`${String(error)} ${JSON.stringify(error)}`).not.toMatch(/hunter2|robot/);
  });

  it('checks by name and by tag are united, and run in the order there is', async () => {
    await using ward = await openWard();
    const { results } = await ward.run({ checks: ['check.integration.oci.referrers'], tags: ['connectivity'] });
    expect(results.map(({ checkId }) => checkId)).toEqual([ids[0], ids[4]]);
    expect((await ward.run({ tags: ['registry'] })).results).toHaveLength(6);
  });

  it('https counts on loopback too, where plain HTTP is usual', async () => {
    await using ward = await openWard();
    const result = await checkAt(`https://${ward.registry.host}`, 'registry');
    expect(result).toMatchObject({ severity: 'fail', evidence: { registry_url: `https://${ward.registry.host}` } });
    expect(result.message).toMatch(/does not speak TLS/);
  });
});

function fakeCheck(): Omit<DoctorCheck, 'run'> {
  const id = 'check.integration.oci.pull';
  return { id, title: 'a check', tags: [], defaultSeverity: 'fail', relatedChecks: [] };
}

function fakeRun(checkMs: number): Parameters<typeof runCheck>[1] {
  const target = {
    url: 'http://a.example',
    registry: 'a.example',
    repository: 'b',
    tag: 'c',
    reference: 'a.example/b:c',
    commandFlags: {},
  };
  const nothing = (): Promise<never> => Promise.reject(new Error('nobody is asked here'));
  const product = (): ReturnType<CheckContext['product']> => Promise.resolve({ id: 'unknown', name: 'the registry' });
  const shell = (): ReturnType<CheckContext['shell']> => Promise.resolve({ connect: 'curl' } as never);
  const context = { target, login: nothing, door: nothing, product, shell } as Partial<CheckContext> as CheckContext;
  return { target, checkMs, contextFor: () => context };
}
