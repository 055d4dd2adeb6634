import { readFile, writeFile } from 'node:fs/promises';
import { digestOf } from '@stellaops/oci-referrers';
import {
  buildArtifact,
  buildImage,
  buildIndex,
  startRegistry,
  type TestContent,
  type TestRegistry,
} from '@stellaops/oci-referrers/testing';
import type { Discovery } from '../../../src/cli/discovery.js';
import type { ReferrerView } from '../../../src/cli/referrer-view.js';
import { cli, sbomType, signatureType, type Workspace } from '../../unit/cli/support.js';

/** Makes what a discovery of an image with so many referrers gives, each asked for its own. */
export function discoveryOf(count: number): Discovery {
  const digestAt = (n: number): string => digestOf(Buffer.from(`${n}`));
  const evidence = { source: 'api', host: 'registry.example.com', filtered: 0, manifests: [] } as const;
  const annotations = { 'org.opencontainers.image.created': '2026-11-20T08:15:00Z', 'org.example.build': '4711' };
  const referrers = Array.from({ length: count }, (_, index): ReferrerView => {
    const kind = {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      artifactType: sbomType,
      category: 'sbom',
    } as const;
    return { digest: digestAt(index + 1), size: 700, annotations, ...kind };
  });
  const subjects = [
    { ...evidence, digest: digestAt(0), referrers },
    ...referrers.map(({ digest }) => ({ ...evidence, digest, referrers: [] })),
  ];
  const [reference, digest] = ['registry.example.com/team/app:1.2', digestAt(0)];
  return { reference, name: `${reference}@${digest}`, digest, mediaType: 'a/b', size: 500, subjects, warnings: [] };
}

/** Text that would do something if it were taken for more than text. */
export const hostileTexts: readonly string[] = [
  '<script>window.pwned=1</script>',
  '"><img src=x onerror="window.pwned=1">',
  "' onmouseover='window.pwned=1' x='",
  'javascript:window.pwned=1',
  '</style></title></bdi><svg onload=window.pwned=1>',
  ']]>--><base href="https://evil.example/">',
  '&lt;b&gt;&amp;#60;',
  'https://evil.example/?a=1',
  'שלום عالم 1.2.3',
  '{{constructor.constructor("window.pwned=1")()}}',
];

/** A text that would be read in another order than it was written in. */
export const reordering = '\u202Efdp.exe\u202C\u2066x\u2069';

/**
 * Puts an image of two platforms into a registry, with referrers of every category.
 *
 * @returns the manifest of its SBOM
 */
function publishAll({ store }: TestRegistry): Uint8Array {
  const amd64 = buildImage({ platform: { os: 'linux', architecture: 'amd64' } });
  const arm64 = buildImage({ platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } });
  const index = store.add('team/app', buildIndex([amd64, arm64]), { tag: '1.2' });
  const created = { 'org.opencontainers.image.created': '2026-11-20T08:15:00Z' };
  const add = (artifactType: string, subject: typeof index, annotations?: Record<string, string>): TestContent => {
    const artifact = buildArtifact({ artifactType, subject, content: artifactType, annotations });
    store.add('team/app', artifact);
    return artifact;
  };
  const sbom = add(sbomType, amd64.descriptor, { ...created, 'org.opencontainers.image.title': 'app.cdx.json' });
  add(signatureType, sbom.descriptor, created);
  add('application/vnd.in-toto+json', index, created);
  add('application/vnd.openvex+json', index);
  add('application/vnd.example.scan-report', index);
  return sbom.manifest;
}

/** Files of reports, by what they are about. */
export interface Pages {
  readonly discovery: string;
  readonly bundle: string;
  readonly tampered: string;
  readonly hostile: string;
  readonly hostileBundle: string;
}

/** Writes the reports that are looked at. */
export async function writePages(workspace: Workspace): Promise<Pages> {
  await using registry = await startRegistry();
  const sbom = publishAll(registry);
  publishHostile(registry);
  const save = async (name: string, ...argv: readonly string[]): Promise<string> => {
    const { stdout, stderr } = await cli([...argv, '--format', 'html']);
    if (stdout === '') throw new Error(stderr);
    const path = workspace.path(`${name}.html`);
    await writeFile(path, stdout);
    return path;
  };
  const pack = async (name: string): Promise<string> => {
    const file = workspace.path(`${name}.tgz`);
    const { code, stderr } = await cli(['bundle', 'export', `${registry.host}/team/${name}:1.2`, '--output', file]);
    if (code !== 0) throw new Error(stderr);
    return file;
  };
  const [app, hostile] = [await pack('app'), await pack('hostile')];
  const bytes = await readFile(app);
  const at = bytes.indexOf(sbom) + 20;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(workspace.path('tampered.tgz'), bytes);
  return {
    discovery: await save('discovery', 'discover', `${registry.host}/team/app:1.2`, '--recursive'),
    hostile: await save('hostile', 'discover', `${registry.host}/team/hostile:1.2`, '--recursive'),
    bundle: await save('bundle', 'bundle', 'inspect', '--file', app),
    hostileBundle: await save('hostile-bundle', 'bundle', 'inspect', '--file', hostile),
    tampered: await save('tampered', 'bundle', 'inspect', '--file', workspace.path('tampered.tgz')),
  };
}

function publishHostile({ store }: TestRegistry): void {
  const image = store.add('team/hostile', buildImage(), { tag: '1.2' });
  const long = 'n'.repeat(10_000);
  for (const text of [...hostileTexts, reordering, long]) {
    const annotations = { [text]: text, 'org.opencontainers.image.created': text };
    const artifactType = text === long ? long.slice(0, 255) : text;
    store.add(
      'team/hostile',
      buildArtifact({ artifactType, subject: image, content: text, contentType: sbomType, annotations }),
    );
  }
  let subject = image;
  for (let depth = 0; depth < 14; depth++) {
    subject = store.add('team/hostile', buildArtifact({ artifactType: sbomType, subject, content: `${depth}` }));
  }
}
