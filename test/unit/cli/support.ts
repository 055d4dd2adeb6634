import { mkdtempSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import type { Descriptor } from '@stellaops/oci-referrers';
import {
  buildArtifact,
  buildImage,
  buildIndex,
  type TestContent,
  type TestRegistry,
} from '@stellaops/oci-referrers/testing';
import { afterAll } from 'vitest';
import { runCli } from '../../../src/cli/run-cli.js';

// Whoever runs the tests may be logged in to somewhere; that must not decide what they show.
const dockerConfig = mkdtempSync(join(tmpdir(), 'oci-referrers-docker-'));
process.env['DOCKER_CONFIG'] = dockerConfig;
afterAll(() => rm(dockerConfig, { recursive: true, force: true }));

/** What a run of the command gave. */
export interface CliRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a run differs from one in a pipe without input. */
export interface CliSetting {
  readonly stdin?: string | undefined;
  readonly env?: Record<string, string> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Lets standard output and standard error be a terminal of this width. */
  readonly terminalColumns?: number | undefined;
}

/** Collects what is written to it, as a pipe or as a terminal. */
export class Capture extends Writable {
  text = '';
  readonly isTTY: boolean;
  readonly columns: number | undefined;

  constructor(columns?: number) {
    super();
    this.isTTY = columns !== undefined;
    this.columns = columns;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

/** Runs the command inside this process. */
export async function cli(argv: readonly string[], setting: CliSetting = {}): Promise<CliRun> {
  const stdout = new Capture(setting.terminalColumns);
  const stderr = new Capture(setting.terminalColumns);
  const { stdin = '', env = {}, signal } = setting;
  const io = { stdout, stderr, stdin: Readable.from([Buffer.from(stdin)]), env };
  const code = await runCli(argv, signal === undefined ? io : { ...io, signal });
  return { code, stdout: stdout.text, stderr: stderr.text };
}

/** What a run wrote to standard error beside the lines about the registries it probed before an export. */
export function besideProbes({ stderr }: CliRun): string {
  return stderr.replace(/^\[(?:INFO|WARN)\] (?:Probing \d+ registries|Registry \S+: OCI 1\.).*\n/gm, '');
}

/** A directory that is removed when the test ends. */
export interface Workspace extends AsyncDisposable {
  path(name: string): string;
}

export async function createWorkspace(): Promise<Workspace> {
  const root = await mkdtemp(join(tmpdir(), 'oci-referrers-cli-'));
  return {
    path: (name) => join(root, name),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

export const sbomType = 'application/vnd.cyclonedx+json';
export const signatureType = 'application/vnd.dev.sigstore.bundle.v0.3+json';

/** What {@link publish} put into a registry. */
export interface Published {
  readonly image: Descriptor;
  readonly sbom: TestContent;
  readonly signature: TestContent;
}

/** Puts an image with an SBOM, and a signature of that SBOM, into `team/app:1.0`. */
export function publish({ store }: TestRegistry, layer: Uint8Array = Buffer.from('a layer\n')): Published {
  const image = store.add('team/app', buildImage({ layers: [layer] }), { tag: '1.0' });
  const sbom = buildArtifact({ artifactType: sbomType, subject: image, content: '{"bomFormat":"CycloneDX"}' });
  store.add('team/app', sbom);
  const signature = buildArtifact({ artifactType: signatureType, subject: sbom.descriptor, content: '{"sig":1}' });
  store.add('team/app', signature);
  return { image, sbom, signature };
}

/** Puts an index of two platforms into `team/multi:1.0`, an SBOM on one of them. */
export function publishIndex({ store }: TestRegistry): { readonly index: Descriptor; readonly sbom: Descriptor } {
  const amd64 = buildImage({ platform: { os: 'linux', architecture: 'amd64' } });
  const arm64 = buildImage({ platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } });
  const index = store.add('team/multi', buildIndex([amd64, arm64]), { tag: '1.0' });
  const sbom = buildArtifact({ artifactType: sbomType, subject: arm64.descriptor, content: '{}' });
  return { index, sbom: store.add('team/multi', sbom) };
}

/** The twelve characters of a digest that a tree shows. */
export function short(digest: string): string {
  return digest.slice(0, 'sha256:'.length + 12);
}
