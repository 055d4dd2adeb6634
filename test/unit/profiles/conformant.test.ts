import { expect, it } from 'vitest';
import {
  ask,
  askReferrers,
  attach,
  digests,
  indexType,
  list,
  openProfile,
  sbomType,
  signatureType,
  unknownDigest,
} from './scene.js';

it('conformant-1.1: gives the confirmed list, with the filter applied by the server too', async () => {
  await using scene = await openProfile('conformant-1.1');
  const sbom = scene.addReferrer(sbomType, 'sbom');
  scene.addReferrer(signatureType, 'signature');

  expect(await list(scene)).toMatchObject({ source: 'api', filterAppliedBy: 'none', warnings: [] });
  const filtered = await list(scene, { artifactTypes: [sbomType] });

  expect(digests(filtered.referrers)).toEqual([sbom.descriptor.digest]);
  expect(filtered.filterAppliedBy).toBe('server');
  const answer = await askReferrers(scene, `?artifactType=${encodeURIComponent(sbomType)}`);
  expect(answer.headers.get('oci-filters-applied')).toBe('artifactType');
});

it('conformant-1.1: lists nothing for what it does not know, and what was attached through it', async () => {
  await using scene = await openProfile('conformant-1.1');
  for (const path of [`referrers/${unknownDigest}`, `/v2/no/such/referrers/${unknownDigest}`]) {
    const answer = await ask(scene, path);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, indexType]);
    expect(await answer.json()).toEqual({ schemaVersion: 2, mediaType: indexType, manifests: [] });
  }
  const attached = await attach(scene);
  expect(digests((await list(scene)).referrers)).toEqual([attached.digest]);
});
