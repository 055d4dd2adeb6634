import { buildArtifact, buildImage } from '@stellaops/oci-referrers/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { provenanceType, sbomType } from '../support/artifact-types.js';
import { fillOldRegistry } from './support/fill-old-registry.js';
import { emptyAsNotFound, refusing, withVersion } from './support/registry-behaviour.js';
import { openStage, type Stage } from './support/stage.js';
import type { Seen } from './support/terminal.js';
import { openUserDocument } from './support/user-document.js';

const image = buildImage();
const { digest } = image.descriptor;
const sbom = buildArtifact({ artifactType: sbomType, subject: image.descriptor, content: '{"bomFormat":"CycloneDX"}' });
const provenance = buildArtifact({ artifactType: provenanceType, subject: image.descriptor, content: '{}' });
const repositories = ['myrepo', 'repo'];
const registry = 'registry.example.com';

const names = ['log', 'queries', 'ask', 'tags', 'probe', 'missing', 'slow', 'files', 'command'] as const;
const blocks = openUserDocument('runbook.txt', names);

// Typed as it stands, in order, into one shell; user-document.ts has the table of what is not.
describe("the user's runbook, word for word", () => {
  let stage: Stage;
  const serve: Stage['serve'] = async (name, options, identity) => {
    const server = await stage.serve(name, options, identity);
    for (const repository of repositories) {
      server.store.add(repository, image, { tag: '1.0' });
      for (const referrer of [sbom, provenance]) server.store.add(repository, referrer);
    }
    return server;
  };
  const type = async (commands: string): Promise<Seen> => {
    const seen = await stage.terminal.type(commands);
    expect(seen.status, seen.output).toBe(0);
    return seen;
  };
  const serveNative = async (): Promise<unknown> => await serve(registry, { rewrite: withVersion });

  beforeAll(async () => {
    stage = await openStage([registry, 'mirror.example.com', 'gcr.io', 'ghcr.io', 'www.ghcr.io']);
    await serve('gcr.io', { rewrite: withVersion });
    await serve('ghcr.io', { profile: 'ghcr-2026' });
    await stage.serve('mirror.example.com');
    await type(
      `DIGEST=${digest} LOG=export.log; printf runbook >password.txt; export REGISTRY_AUTH_FILE=$HOME/auth.json`,
    );
  });
  afterAll(async () => {
    await stage[Symbol.asyncDispose]();
  });

  it('1. Check Export Logs', async () => {
    await type('oci-referrers bundle export gcr.io/myrepo:1.0 ghcr.io/myrepo:1.0 --output two.tgz >report.txt 2>$LOG');
    blocks.log.comment('# Look for probing logs');
    const first = blocks.log.command(
      'grep "Probing.*registries for OCI referrer" /var/log/stellaops/export-center.log',
    );
    blocks.log.comment('# Check individual registry results');
    const second = blocks.log.command('grep "Registry.*OCI 1" /var/log/stellaops/export-center.log');
    const example = [
      '[INFO] Probing 2 registries for OCI referrer capabilities before export',
      '[INFO] Registry gcr.io: OCI 1.1 (referrers API supported, version=OCI-Distribution/2.1, probe_ms=42)',
      '[WARN] Registry ghcr.io: OCI 1.0 (using fallback tag discovery, version=registry/2.0, probe_ms=85)',
    ];
    blocks.log.comment(`# Example output: ${example.map((line) => `# ${line}`).join(' ')}`);
    const lines = (await type(`${first}\n${second}`)).output.trimEnd().split('\n');
    const withoutTime = (line: string): string => line.replace(/probe_ms=\d+/, 'probe_ms=N');
    expect(lines.map(withoutTime)).toEqual(example.map(withoutTime));
  });

  it('2. Check Telemetry Metrics: the queries find their counters, by their labels and no others', async () => {
    await serve(registry, { intercept: refusing(403) });
    const counting = 'export NODE_OPTIONS="--import $HOME/metrics/metrics-file.js"';
    await type(`( ${counting}
      METRICS_FILE=two.prom oci-referrers bundle export gcr.io/repo:1.0 ghcr.io/repo:1.0 --output counted.tgz
      METRICS_FILE=one.prom oci-referrers discover ${registry}/repo:1.0 || true )`);
    const { output } = await type('cat two.prom one.prom');
    for (const [about, labels, name] of [
      [
        'Capability probes by registry and support status',
        ['registry', 'api_supported'],
        'registry_capabilities_probed',
      ],
      ['Discovery method breakdown', ['registry', 'method'], 'referrer_discovery_method'],
      ['Failure rate by registry', ['registry'], 'referrer_discovery_failures'],
    ] as const) {
      blocks.queries.take(`# ${about} sum by (${labels.join(', ')}) ( rate(export_${name}_total[5m]) )`);
      const series = output.split('\n').filter((line) => line.startsWith(`export_${name}_total{`));
      expect(series.length).toBeGreaterThan(0);
      for (const line of series) expect([...line.matchAll(/(\w+)="/g)].map(([, label]) => label)).toEqual(labels);
    }
  });

  it('3. Test Registry Connectivity', async () => {
    blocks.ask.comment('# Test OCI referrers API (OCI 1.1)');
    const ask = blocks.ask.command(`curl -H "Accept: application/vnd.oci.image.index.v1+json" \\
      "https://registry.example.com/v2/myrepo/referrers/sha256:abc123..."`);
    const status = `${ask} -s -o /dev/null -w '%{http_code}'`;
    blocks.ask.comment('# Expected responses: # - 200 OK with manifest list: Registry supports referrers API');
    await serveNative();
    expect(JSON.parse((await type(ask)).output)).toMatchObject({
      manifests: [{ artifactType: provenanceType }, { artifactType: sbomType }],
    });
    expect((await type(status)).output).toBe('200');
    blocks.ask.comment('# - 404 Not Found: No referrers exist (API supported)');
    // True of a 404 with an index in it, which no registry we know answers: docs/runbook.md says what others mean by it.
    const { store } = await stage.serve(registry, { rewrite: emptyAsNotFound });
    store.add('myrepo', image, { tag: '1.0' });
    expect((await type(status)).output).toBe('404');
    const none = await type('oci-referrers discover registry.example.com/myrepo:1.0');
    expect(none.output).toContain(`no referrers, confirmed by the referrers API of ${registry}`);
    blocks.ask.comment("# - 501 Not Implemented: Registry doesn't support referrers API");
    await serve(registry, { intercept: refusing(501) });
    expect((await type(status)).output).toBe('501');
    blocks.ask.comment('# Check distribution version');
    const version = blocks.ask.command('curl -I "https://registry.example.com/v2/"');
    blocks.ask.comment('# Look for: OCI-Distribution-API-Version header');
    await serveNative();
    expect((await type(version)).output).toMatch(/^OCI-Distribution-API-Version: OCI-Distribution\/2\.1$/im);
  });

  it('4. Test Fallback Tag Discovery', async () => {
    const host = await stage.serveDockerRegistry(registry);
    await fillOldRegistry(`${host}/myrepo`, image, '1.0');
    blocks.tags.comment('# List tags matching fallback pattern');
    const list = blocks.tags.command(`curl "https://registry.example.com/v2/myrepo/tags/list" | \\
      jq '.tags | map(select(startswith("sha256-")))'`);
    blocks.tags.comment('# Expected: Tags like "sha256-abc123.sbom", "sha256-abc123.att"');
    const tags = JSON.parse((await type(list)).output) as string[];
    const hex = digest.slice('sha256:'.length);
    expect(tags.sort()).toEqual(['att', 'sbom', 'sig'].map((kind) => `sha256-${hex}.${kind}`));
    const found = await type('oci-referrers discover registry.example.com/myrepo:1.0 --legacy-tags');
    for (const each of tags) expect(found.output).toContain(each);
  });

  it('Issue: "Failed to probe capabilities for registry"', async () => {
    await serve(registry, { auth: { username: 'robot', password: 'runbook' } });
    await type('oci-referrers bundle export registry.example.com/repo:1.0 --output no.tgz 2>refused.log || true');
    expect((await type('cat refused.log')).output).toContain(`Failed to probe capabilities for registry ${registry}: `);
    blocks.probe.comment('# Check network connectivity');
    expect((await type(blocks.probe.command('curl -v "https://registry.example.com/v2/"'))).output).toMatch(
      /^< HTTP\/1.1 401/m,
    );
    blocks.probe.comment('# Verify authentication');
    expect((await type(blocks.probe.command('docker login registry.example.com'))).output).toBe('Login Succeeded!\n');
    blocks.probe.comment('# Check TLS certificates');
    const tls = blocks.probe.command(
      'openssl s_client -connect registry.example.com:443 -servername registry.example.com',
    );
    expect((await type(tls)).output).toMatch(/^Verify return code: 0 \(ok\)$/m);
    const after = await type('oci-referrers bundle export registry.example.com/repo:1.0 --output bundle.tgz');
    expect(after.output).toContain('OCI 1.1 (referrers API supported');
  });

  it('Issue: "No referrers found for image"', async () => {
    await serveNative();
    blocks.missing.comment('# Verify referrers exist for the specific digest');
    const subject = blocks.missing.command(
      "crane manifest registry.example.com/repo@sha256:abc123 | \\\n jq '.subject.digest'",
    );
    // An image has no subject; the question is one for a referrer.
    expect((await type(subject)).output).toBe('null\n');
    expect((await type(`IMAGE=$DIGEST DIGEST=${sbom.descriptor.digest}\n${subject}\nDIGEST=$IMAGE`)).output).toBe(
      `"${digest}"\n`,
    );
    blocks.missing.comment('# List referrers using oras');
    const tree = await type(blocks.missing.command('oras discover registry.example.com/repo@sha256:abc123'));
    for (const each of [sbomType, provenanceType]) expect(tree.output).toContain(each);
    blocks.missing.comment('# Check if referrers exist with different artifact types');
    const filtered = blocks.missing.command(
      'curl "https://registry.example.com/v2/repo/referrers/sha256:abc123?artifactType=application/vnd.cyclonedx%2Bjson"',
    );
    expect(JSON.parse((await type(filtered)).output)).toMatchObject({ manifests: [sbom.descriptor] });
  });

  it('Issue: "Slow referrer discovery"', async () => {
    const yaml = `# Increase timeout in export config
export:
  referrer_discovery:
    timeout_seconds: 120
    max_concurrent_discoveries: 4
`;
    blocks.slow.take(yaml);
    await type(`cat >export.yaml <<'END'\n${yaml}END`);
    const seen = await type(
      'oci-referrers bundle export registry.example.com/repo:1.0 --output slow.tgz --config export.yaml',
    );
    expect(seen.output).toContain('wrote slow.tgz');
  });

  it('Issue: "Referrer checksum mismatch during import", and Verify Bundle Referrers', async () => {
    expect((await type('sha256sum bundle.tgz')).output).toMatch(/^[0-9a-f]{64} {2}bundle\.tgz\n$/);
    blocks.files.comment('# Extract and list referrer structure');
    const list = await type(blocks.files.command('tar -tzf bundle.tgz | grep "^referrers/"'));
    const paths = list.output.trimEnd().split('\n');
    expect(paths).toEqual(
      [sbom, provenance]
        .map((each) => `referrers/${digest}/${each.descriptor.digest}.json`.replaceAll(':', '-'))
        .sort(),
    );
    blocks.files.comment('# Check manifest for referrer counts');
    const counts = await type(blocks.files.command('tar -xzf bundle.tgz -O manifest.yaml | grep -A5 "referrers:"'));
    expect(counts.output).toContain('found: 2, included: 2');
    blocks.files.comment('# Validate a specific referrer checksum');
    const sum = blocks.files.command('tar -xzf bundle.tgz -O referrers/sha256-abc123/sha256-def456.json | sha256sum');
    for (const path of paths) {
      const [, hex] = /sha256-([0-9a-f]{64})\.json$/.exec(path) ?? [];
      expect((await type(`REFERRER=${path}\n${sum}`)).output).toBe(`${hex}  -\n`);
    }
  });

  it('CLI Validation', async () => {
    blocks.command.comment('# Validate bundle referrers');
    const validate = blocks.command.command('stellaops bundle validate --file bundle.tgz --check-referrers');
    expect((await type(validate)).output).toMatch(/^VALID: [\s\S]*2\/2 sha256:/);
    blocks.command.comment('# Import with strict referrer validation');
    const load = blocks.command.command('stellaops bundle import --file bundle.tgz --strict-referrer-validation');
    // Theirs knows its registry; ours is told the same way as the doctor.
    const seen = await type(`export OCI__RegistryUrl=https://mirror.example.com\n${load}`);
    expect(seen.output).toContain('2 referrers listed there by api');
    const broken = `LC_ALL=C sed 's/CycloneDX/CycloneDY/' bundle.tgz >broken.tgz\n`;
    const refused = await stage.terminal.type(`${broken}${load.replace('bundle.tgz', 'broken.tgz')}`);
    expect(refused).toMatchObject({ status: 2, output: expect.stringContaining('nothing was imported') as string });
  });

  it('leaves no command of the page out', () => {
    for (const name of names) blocks[name].end();
  });
});
