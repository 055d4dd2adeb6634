import { setTimeout as delay } from 'node:timers/promises';
import { buildArtifact, buildImage, buildIndex, type TestRegistryOptions } from '@stellaops/oci-referrers/testing';
import { provenanceType, repository, sbomType, signatureType } from '../../support/artifact-types.js';
import { fillOldRegistry } from './fill-old-registry.js';
import { refusing, withVersion } from './registry-behaviour.js';
import { openStage, type Stage } from './stage.js';

/** Tag of the images of the page, wherever they are. */
const tag = '1.2';

const names = [
  'registry.example.com',
  'mirror.example.com',
  'old.example.com',
  'gcr.io',
  'ghcr.io',
  'www.ghcr.io',
  'private.example.com',
  'busy.example.com',
  'slow.example.com',
  'strict.example.com',
  'portal.example.com',
  'untrusted.example.com',
];

const image = buildImage({ layers: [Buffer.from('a layer of the application\n')] });

/** The registries that docs/runbook.md names, in the states it speaks of. */
export async function openScene(): Promise<Stage> {
  const stage = await openStage(names);
  try {
    await serveAll(stage);
    await fillOldRegistry(`${await stage.serveDockerRegistry('old.example.com')}/${repository}`, image, tag);
    await attachAll(stage, ['registry.example.com', 'old.example.com', 'gcr.io', 'ghcr.io']);
    return stage;
  } catch (error) {
    await stage[Symbol.asyncDispose]();
    throw error;
  }
}

async function serveAll(stage: Stage): Promise<void> {
  const serve = async (name: string, options?: TestRegistryOptions, identity?: Stage['certificates']['server']) => {
    const registry = await stage.serve(name, options, identity);
    registry.store.add(repository, image, { tag });
    return registry;
  };
  const { stranger, misnamed } = stage.certificates;
  const { store } = await serve('registry.example.com');
  store.add(repository, buildImage({ layers: [Buffer.from('a later layer\n')] }), { tag: '1.3' });
  const amd64 = buildImage({ platform: { os: 'linux', architecture: 'amd64' } });
  store.add('team/multi', buildIndex([amd64]), { tag });
  store.add('team/multi', buildArtifact({ artifactType: sbomType, subject: amd64.descriptor, content: '{}' }));
  await stage.serve('mirror.example.com', { referrersApi: false });
  await serve('gcr.io', { rewrite: withVersion });
  await serve('ghcr.io', { profile: 'ghcr-2026' });
  await serve('private.example.com', { auth: { username: 'robot', password: 'correct horse', type: 'bearer' } });
  await serve('busy.example.com', { intercept: refusing(429, { 'retry-after': '1' }) });
  await serve('strict.example.com', { intercept: refusing(501) });
  await serve('slow.example.com', {
    intercept: async ({ endpoint }) => {
      if (endpoint === 'referrers') await delay(2_500);
      return false;
    },
  });
  await serve('portal.example.com', { profile: 'dead-proxy/captive-portal' });
  await serve('untrusted.example.com', {}, stranger);
  await serve('misnamed.example.com', {}, misnamed);
}

const attachments = [
  ['app.cdx.json', sbomType, '{"bomFormat":"CycloneDX","specVersion":"1.6"}'],
  ['app.sigstore.json', signatureType, '{"mediaType":"a signature"}'],
  ['app.intoto.json', provenanceType, '{"predicateType":"https://slsa.dev/provenance/v1"}'],
] as const;

/** An SBOM, a signature and an attestation, as an operator attaches them. */
async function attachAll({ terminal }: Stage, hosts: readonly string[]): Promise<void> {
  const attach = attachments.map(([file, type, content]) => {
    const flags = `${file}:${type} --artifact-type ${type}`;
    return `printf '%s' '${content}' >${file}; oci-referrers attach $host/${repository}:${tag} ${flags} || exit`;
  });
  const perHost = `host=$1\n${attach.join('\n')}`;
  const { output, status } = await terminal.type(
    `cat >.attach.sh <<'END'\n${perHost}\nEND\n${hosts.map((host) => `bash .attach.sh ${host} &`).join('\n')}
for job in $(jobs -p); do wait $job || failed=1; done; rm app.*.json; [ -z "$failed" ]`,
  );
  if (status !== 0) throw new Error(`the scene could not be set: ${output}`);
}
