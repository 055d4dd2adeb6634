/** The main job, end to end, on two registries that run inside this process. Started by `npm run demo`. */
import { mkdir } from 'node:fs/promises';
import { createResolver, discoverReferrers } from '@stellaops/oci-referrers';
import { startRegistry } from '@stellaops/oci-referrers/testing';
import { publishEvidence, verifySignature } from './demo/evidence.js';
import { pushImage } from './demo/image.js';
import { explain, runCommand, step } from './demo/show.js';
import { tamper } from './demo/tamper.js';

const bundle = '.demo/bundle.tgz';
const tampered = '.demo/tampered.tgz';

await mkdir('.demo', { recursive: true });
await using source = await startRegistry();
await using target = await startRegistry({ referrersApi: false });
await using resolver = createResolver({ credentials: () => ({ anonymous: true }) });
const reference = `${source.host}/team/app:1.0`;
const copy = `${target.host}/team/app:1.0`;

step('Two registries');
explain(`${source.host} has the OCI 1.1 referrers API.`);
explain(`${target.host} has none, like Docker's registry: lists live under tags there.`);

step('An image, and the evidence about it');
const pusher = await resolver.pusher(reference);
const image = await pushImage(pusher, '1.0');
const evidence = await publishEvidence(pusher, image);
explain(`pushed ${reference}`);
for (const { title, descriptor } of evidence.referrers)
  explain(`attached ${title.padEnd(30)} ${descriptor.digest.slice(0, 19)}…`);

step('Everything that refers to it, and what refers to that');
await runCommand(['discover', reference, '--recursive']);

step('Image and referrers into one file');
await runCommand(['bundle', 'export', reference, '--output', bundle, '--force']);

step('Is the file what it says? No network needed');
await runCommand(['bundle', 'validate', '--file', bundle, '--check-referrers']);

step('One byte flipped in a copy');
const victim = evidence.referrers[0];
if (victim === undefined) throw new Error('nothing was attached');
await tamper(bundle, tampered, victim.bytes);
explain(`the byte is in the ${victim.title}, ${victim.descriptor.digest.slice(0, 19)}…`);
await runCommand(['bundle', 'validate', '--file', tampered, '--check-referrers'], { expectedExit: 2 });

step('Into the registry that has no referrers API');
await runCommand(['bundle', 'import', '--file', bundle, '--to', target.host]);
await runCommand(['discover', copy, '--recursive']);

step('The same on both sides?');
const there = await resolver.fetcher(copy);
const before = await discoverReferrers(await resolver.fetcher(reference), image);
const after = await discoverReferrers(there, (await resolver.resolve(copy)).descriptor);
const missing = [...before.nodes.keys()].filter((digest) => !after.nodes.has(digest));
if (missing.length > 0 || after.nodes.size !== before.nodes.size) {
  throw new Error(`the closures differ: ${missing.join(', ')}`);
}
explain(`${before.nodes.size} manifests on each side, digest for digest`);
await verifySignature(there, image, evidence);
explain('the signature fetched from the target verifies over the image with the key made above');

step('Look at the bundle yourself');
explain(`tar -tzf ${bundle} | grep "^referrers/"`);
explain(`tar -xzf ${bundle} -O manifest.yaml | grep -A5 "referrers:"`);
explain(`mkdir -p .demo/layout && tar -xzf ${bundle} -C .demo/layout`);
explain('(cd .demo/layout && sha256sum -c checksums.sha256)');
explain('skopeo inspect oci:.demo/layout:1.0');
console.log('demo: ok');
