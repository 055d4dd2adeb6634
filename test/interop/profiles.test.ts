import { digestOf } from '@stellaops/oci-referrers';
import { expect, it } from 'vitest';
import { type ProfileName, startRegistry } from '../../src/testing/index.js';
import { dockerRegistry, libraryRegistry, nativeRegistry, type RegistryKind } from './support/registries.js';
import { describeWith } from './support/tools.js';
import { ociTypes, Wire } from './support/wire.js';

// A profile of the in-memory registry says which registry it stands for. Three of those can be started here.
const pairs: readonly (readonly [ProfileName, RegistryKind])[] = [
  ['distribution-2.8/delete-enabled', dockerRegistry],
  ['olareg-paged', nativeRegistry],
  ['ggcr-lib', libraryRegistry],
];

const sbom = 'application/spdx+json';
const never = digestOf(Buffer.from('never pushed'));

for (const [profile, kind] of pairs) {
  describeWith(kind.tools, `the profile ${profile}`, () => {
    it(`answers about referrers as ${kind.name} does`, async () => {
      await using registry = await startRegistry({ profile });
      const real = await kind.start();
      try {
        expect(await transcriptOf(registry.host)).toEqual(await transcriptOf(real.host));
      } finally {
        await real.stop();
      }
    });
  });
}

/** Pushes and asks, and returns what a client can see of the answers. */
async function transcriptOf(host: string): Promise<Readonly<Record<string, unknown>>> {
  const wire = new Wire(`http://${host}`, 'team/app');
  await wire.pushEmptyBlob();
  const image = await wire.put({});
  const subject = image.descriptor;
  const referrer = await wire.put({ artifactType: sbom, subject, annotations: { by: 'transcript' } });
  const dangling = await wire.put({ artifactType: sbom, subject: { ...subject, digest: never } });
  const index = { mediaType: ociTypes.index, config: undefined, layers: undefined, manifests: [subject], subject };
  const nested = await wire.put(index);
  const elsewhere = new Wire(`http://${host}`, 'no/such/app');
  const accept = { accept: [ociTypes.manifest, ociTypes.index].join(', ') };
  return {
    'push of an image': headersOf(image.response),
    'push of a referrer': headersOf(referrer.response),
    'push of a referrer of nothing': headersOf(dangling.response),
    'push of an index that refers': headersOf(nested.response),
    list: await answerTo(wire.referrersUrl(subject.digest)),
    'list of one type': await answerTo(`${wire.referrersUrl(subject.digest)}?artifactType=${encodeURIComponent(sbom)}`),
    'list of what is not there': await answerTo(wire.referrersUrl(subject.digest.replace(/.$/, '0'))),
    'list in an unknown repository': await answerTo(elsewhere.referrersUrl(subject.digest)),
    'list of no digest': await answerTo(wire.referrersUrl('sha256:bad')),
    'head of a list': await answerTo(wire.referrersUrl(subject.digest), { method: 'HEAD' }),
    manifest: await answerTo(wire.manifestUrl(subject.digest), { headers: accept }),
    'manifest that is not there': await answerTo(wire.manifestUrl(never), { headers: accept }),
    'tag that is not there': await answerTo(wire.manifestUrl('none'), { headers: accept }),
    'manifest in an unknown repository': await answerTo(elsewhere.manifestUrl('none'), { headers: accept }),
    deletion: await answerTo(wire.manifestUrl(referrer.descriptor.digest), { method: 'DELETE' }),
    'list after it': await answerTo(wire.referrersUrl(subject.digest)),
    'deletion of what is not there': await answerTo(wire.manifestUrl(never), { method: 'DELETE' }),
  };
}

async function answerTo(url: string, init: RequestInit = {}): Promise<unknown> {
  const response = await fetch(url, init);
  const text = await response.text();
  return { ...headersOf(response), type: response.headers.get('content-type'), body: bodyOf(text) };
}

function headersOf({ status, headers }: Response): Readonly<Record<string, unknown>> {
  const named = [
    'oci-subject',
    'oci-filters-applied',
    'docker-content-digest',
    'docker-distribution-api-version',
    'etag',
  ];
  return { status, ...Object.fromEntries(named.map((name) => [name, headers.get(name)])) };
}

/** Entries in one order, and errors without their messages, which are nobody's business but a person's. */
function bodyOf(text: string): unknown {
  let body: { manifests?: { digest: string }[]; errors?: { code: string }[] };
  try {
    body = JSON.parse(text) as typeof body;
  } catch {
    return text;
  }
  if (body.errors !== undefined) return { errors: body.errors.map(({ code }) => code) };
  body.manifests?.sort((one, other) => (one.digest < other.digest ? -1 : 1));
  return body;
}
