import { buildArtifact, buildImage, type TestRegistryOptions } from '@stellaops/oci-referrers/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sbomType } from '../support/artifact-types.js';
import { fillOldRegistry } from './support/fill-old-registry.js';
import { emptyAsNotFound, refusing } from './support/registry-behaviour.js';
import { openStage, type Stage } from './support/stage.js';
import type { Seen } from './support/terminal.js';
import { openUserDocument } from './support/user-document.js';

const registry = 'registry.example.com';
const image = buildImage();
const sbom = buildArtifact({ artifactType: sbomType, subject: image.descriptor, content: '{}' });
const names = ['compose', 'systemd', 'values', 'helm', 'verification'] as const;
const blocks = openUserDocument('doctor.txt', names);
const check = 'check.integration.oci.referrers';

/** What a report of one check says of it. */
interface Report {
  readonly results: readonly [
    {
      readonly checkId: string;
      readonly severity: string;
      readonly message: string;
      readonly evidence: Readonly<Record<string, unknown>>;
      readonly howToFix: readonly { readonly commands: readonly string[] }[];
      readonly verification: string;
    },
  ];
}

// Typed as it stands, in order, into one shell; user-document.ts has the table of what is not.
describe("the user's page on the doctor's check, word for word", () => {
  let stage: Stage;
  let verification: string;
  const type = async (commands: string): Promise<Seen> => {
    const seen = await stage.terminal.type(commands);
    expect(seen.status, seen.output).toBe(0);
    return seen;
  };
  /** Puts a registry in the place of the one before, with the test images in it. */
  const serve = async (options: TestRegistryOptions = {}): Promise<void> => {
    const { store } = await stage.serve(registry, options);
    store.add('library/alpine', image, { tag: 'latest' });
    store.add('myorg/base-image', image, { tag: 'latest' });
    store.add('library/alpine', sbom);
  };
  const runDoctor = async (): Promise<Seen & { readonly result: Report['results'][0] }> => {
    const seen = await stage.terminal.type(`${verification} --format json`);
    return { ...seen, result: (JSON.parse(seen.output) as Report).results[0] };
  };

  beforeAll(async () => {
    stage = await openStage([registry]);
    const host = await stage.serveDockerRegistry(registry);
    await fillOldRegistry(`${host}/library/alpine`, image, 'latest');
    verification = blocks.verification.command(`stella doctor run --check ${check}`);
    await type(`export OCI__RegistryUrl=https://${registry} DIGEST=${image.descriptor.digest}`);
  });
  afterAll(async () => {
    await stage[Symbol.asyncDispose]();
  });

  it('Docker Compose: the registry has no API, and a 404 without an index says so', async () => {
    blocks.compose.comment('# Check registry version and referrers support');
    const ask = blocks.compose.command(`docker compose exec gateway curl -sv \\
      -H "Accept: application/vnd.oci.image.index.v1+json" \\
      https://registry.example.com/v2/library/alpine/referrers/sha256:abc...`);
    const { output } = await type(ask);
    expect(output).toMatch(/^< HTTP\/1.1 404 Not Found$/m);
    expect(output).toMatch(/^< Docker-Distribution-Api-Version: registry\/2\.0$/m);
    expect(output).toContain('404 page not found');
    blocks.compose.comment('# Upgrade registry to a version supporting OCI 1.1 referrers:');
    // What is right of this list, and what is not, stands in docs/runbook.md.
    blocks.compose.comment('# - Harbor 2.6+ # - Quay 3.12+ # - ACR (default) # - ECR (default)');
    blocks.compose.comment('# - GCR/Artifact Registry (default) # - Distribution 2.8+');
    const { status, result } = await runDoctor();
    expect(status).toBe(0);
    expect(result).toMatchObject({ checkId: check, severity: 'warn' });
    expect(result.evidence).toMatchObject({ digest: image.descriptor.digest, status: 404 });
  });

  it('the doctor says how to look and how to check again, in commands that can be typed', async () => {
    const { result } = await runDoctor();
    const [look] = result.howToFix;
    expect((await type((look?.commands ?? []).join('\n'))).output).toContain('404 page not found');
    expect((await type(result.verification)).output).toContain(check);
  });

  it('Bare Metal: from the test image to its digest to its referrers, and an upgrade', async () => {
    blocks.systemd.comment('# Verify registry version');
    const version = blocks.systemd.command('curl -I https://registry.example.com/v2/ 2>&1 | grep -i distribution');
    expect((await type(version)).output).toBe('Docker-Distribution-Api-Version: registry/2.0\n');
    blocks.systemd.comment('# Test referrers API');
    const digest = blocks.systemd.command(`DIGEST=$(curl -sI -H "Accept: application/vnd.oci.image.manifest.v1+json" \\
      https://registry.example.com/v2/library/alpine/manifests/latest \\
      | grep Docker-Content-Digest | awk '{print $2}' | tr -d '\\r')`);
    const ask = blocks.systemd.command(`curl -H "Accept: application/vnd.oci.image.index.v1+json" \\
      https://registry.example.com/v2/library/alpine/referrers/$DIGEST`);
    expect((await type(`DIGEST=\n${digest}\necho "$DIGEST"`)).output).toBe(`${image.descriptor.digest}\n`);
    expect((await type(ask)).output).toBe('404 page not found\n');
    blocks.systemd.comment('# Upgrade the registry package');
    await type(blocks.systemd.command('sudo apt upgrade docker-registry # or equivalent'));
    await type(blocks.systemd.command('sudo systemctl restart docker-registry'));
    await serve();
    expect(JSON.parse((await type(ask)).output)).toMatchObject({ manifests: [sbom.descriptor] });
    // Header names in small letters, as HTTP/2 has them: this is where the page's grep finds nothing, and -i does.
    expect((await type(`(${digest}; echo "[$DIGEST]")`)).output).toBe('[]\n');
    const inAnyCase = digest.replace('grep', 'grep -i');
    expect((await type(`(${inAnyCase}; echo "$DIGEST")`)).output).toBe(`${image.descriptor.digest}\n`);
  });

  it('Verification: the check passes once the registry has the API', async () => {
    const { status, result } = await runDoctor();
    expect({ status, severity: result.severity }).toEqual({ status: 0, severity: 'pass' });
  });

  it('Kubernetes: another test image', async () => {
    blocks.values.comment('# Upgrade Harbor chart');
    await type(blocks.values.command('helm upgrade harbor harbor/harbor --set registry.referrers.enabled=true'));
    blocks.values.comment('# Or configure Stella Ops with a test image that exists # values.yaml');
    // Their chart hands these over as the variables that the doctor reads.
    const settings = {
      registryUrl: 'https://registry.example.com',
      testRepository: 'myorg/base-image',
      testTag: 'latest',
    };
    const entries = Object.entries(settings);
    blocks.values.take(`oci: ${entries.map(([key, value]) => `${key}: ${value}`).join(' ')}`);
    await type(blocks.helm.command('helm upgrade stellaops ./chart -f values.yaml'));
    const variables = entries.map(([key, value]) => `OCI__${key.charAt(0).toUpperCase()}${key.slice(1)}=${value}`);
    const { output } = await type(`${variables.join(' ')} ${verification}`);
    expect(output).toContain('myorg/base-image:latest');
  });

  it.each([
    ['passes on 200', 'pass', 0, {}],
    ['passes on 404 with an index', 'pass', 0, { rewrite: emptyAsNotFound }],
    ['warns on 404 without one', 'warn', 0, { referrersApi: false }],
    ['warns on 405', 'warn', 0, { intercept: refusing(405) }],
    ['warns on 501', 'warn', 0, { intercept: refusing(501) }],
    ['is info where the test image is not there', 'info', 0, { profile: 'zot-2.1.20' }],
    ['fails where the credentials may not pull', 'fail', 2, { auth: { username: 'robot', password: 'runbook' } }],
  ] as const)('What It Checks: it %s', async (_title, severity, status, options: TestRegistryOptions) => {
    if (severity === 'info') await stage.serve(registry, options);
    else await serve(options);
    const seen = await runDoctor();
    expect({ severity: seen.result.severity, status: seen.status }, seen.output).toEqual({ severity, status });
  });

  it('What It Checks: it fails on connection errors', async () => {
    const seen = await stage.terminal.type(`OCI__RegistryUrl=https://gone.example.com ${verification}`);
    expect(seen).toMatchObject({ status: 2, output: expect.stringContaining('FAIL') as string });
  });

  it('Related Checks: they are there', async () => {
    await serve();
    for (const name of ['capabilities', 'registry', 'pull']) {
      const { output } = await type(`oci-referrers doctor run --check check.integration.oci.${name}`);
      expect(output).toContain(`check.integration.oci.${name}`);
    }
  });

  it('leaves no command of the page out', () => {
    for (const name of names) blocks[name].end();
  });
});
