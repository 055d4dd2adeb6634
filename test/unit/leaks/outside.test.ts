import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { createResolver, exportBundle } from '@stellaops/oci-referrers';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { spool } from '../../../src/workflows/spool.js';
import { bundleInto } from '../../support/bundle-command.js';
import { samplesOf } from '../telemetry/host.js';
import { type Home, openHome, repository } from './home.js';
import { account, apiKey, everythingSaid, findSecrets, signature } from './secrets.js';

const root = new URL('../../../', import.meta.url).pathname;
// Inside the project, so that the compiled files find their libraries.
const build = join(root, '.demo', `leaks-${process.pid}`);
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oci-referrers-leaks-'));
  await bundleInto(build);
}, 60_000);
afterAll(async () => {
  await Promise.all([folder, build].map((path) => rm(path, { recursive: true, force: true })));
});

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs Node in a process of its own, with every debug output on. */
async function run(args: readonly string[], stdin: string): Promise<Run> {
  const env = { ...process.env, DEBUG: '*', DEBUG_COLORS: '0', DOCKER_CONFIG: folder };
  const child = spawn(process.execPath, args, { env, stdio: 'pipe' });
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (said.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said.stderr += chunk.toString()));
  child.stdin.end(stdin);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, ...said };
}

/** A home whose blobs are at signed URLs, and whose registry refuses and repeats what it is sent, if it is to. */
async function openSignedHome(refuses = false): Promise<Home> {
  return await openHome({
    answer: (request, right, home) => {
      const { authorization = '' } = request.headers;
      const message = `no such thing for ${authorization}`;
      const refusal = { status: 403, headers: {}, body: Buffer.from(JSON.stringify({ errors: [{ message }] })) };
      if (refuses && request.endpoint === 'referrers' && right.status === 200) return refusal;
      const isSigned = request.endpoint === 'blob' && right.status === 200;
      return isSigned ? home.redirect(right, 307, `?X-Amz-Signature=${signature}`) : right;
    },
  });
}

describe('a process of its own with every debug output on', { timeout: 60_000 }, () => {
  const login = ['--verbose', '--username', account.username, '--password-stdin', '--header', `X-Api-Key=${apiKey}`];

  it.each([false, true])('shows no secret: the command, where the registry refuses: %s', async (refuses) => {
    await using home = await openSignedHome(refuses);
    const output = join(folder, `${String(refuses)}.tgz`);
    const { reference } = home;
    const commands = [
      ['discover', reference, '--recursive'],
      ['bundle', 'export', reference, '--output', output],
    ];
    for (const command of commands) {
      const { code, stdout, stderr } = await run(
        [join(build, 'dist/cli/main.js'), ...command, ...login],
        account.password,
      );
      expect(code === 0, stderr).toBe(!refuses);
      expect(stderr).toContain('[DEBUG] ');
      expect(findSecrets(`${stdout}${stderr}`, [...home.secrets, signature])).toEqual([]);
    }
  });

  it('leaves its metrics in a file, without a secret, where it is started with the example for that', async () => {
    await using home = await openSignedHome();
    const example = join(build, 'metrics-file.js');
    const { outputText } = ts.transpileModule(await readFile(join(root, 'examples/metrics-file.ts'), 'utf8'), {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
    });
    await writeFile(example, outputText);
    const file = join(folder, 'oci-referrers.prom');
    vi.stubEnv('NODE_OPTIONS', `--import ${example}`);
    vi.stubEnv('METRICS_FILE', file);
    try {
      await run([join(build, 'dist/cli/main.js'), 'discover', home.reference, ...login], account.password);
    } finally {
      vi.unstubAllEnvs();
    }
    const page = await readFile(file, 'utf8');
    const samples = samplesOf(page, 'export_referrer_discovery_method_total');
    expect(samples).toEqual(new Map([[`method="native",registry="${home.registry.host}"`, 1]]));
    expect(findSecrets(page, [...home.secrets, signature])).toEqual([]);
  });

  it.each([false, true])(
    'shows no secret: the library with its own logger, where the registry refuses: %s',
    async (refuses) => {
      await using home = await openSignedHome(refuses);
      const script = join(build, `script-${String(refuses)}.js`);
      await writeFile(
        script,
        `import { buffer } from 'node:stream/consumers';
       import { createResolver } from './dist/index.js';
       const { account, reference, headers, image, blob } = JSON.parse((await buffer(process.stdin)).toString());
       const resolver = createResolver({ retry: 0, headers, credentials: () => account });
       const fetcher = await resolver.fetcher(reference);
       await buffer(await fetcher.fetch(blob));
       await fetcher.fetchReferrers(image).then(console.log, (error) => { console.error(error, JSON.stringify(error)); });
       await resolver.close();`,
      );
      const headers = { [home.registry.host]: { 'X-Api-Key': apiKey } };
      const blob = home.sbom.blobs.at(-1)?.descriptor;
      const input = { account, headers, blob, reference: home.reference, image: home.image.descriptor };
      const { code, stdout, stderr } = await run([script], JSON.stringify(input));
      expect(code, stderr).toBe(0);
      expect(stderr).toContain('oci-referrers:debug');
      expect(stderr.includes('ERR_OCI_DENIED')).toBe(refuses);
      expect(findSecrets(`${stdout}${stderr}`, [...home.secrets, signature])).toEqual([]);
    },
  );
});

describe('a bundle', () => {
  it('that is saved before it is read can be read by nobody else', async () => {
    await using saved = await spool(Readable.from([Buffer.from('bytes')]), 100);
    const modes = await Promise.all([dirname(saved.path), saved.path].map(async (path) => (await stat(path)).mode));
    expect(modes.map((mode) => mode & 0o077)).toEqual([0, 0]);
  });

  it('has in it neither a secret it was fetched with, nor a path or name of the machine that wrote it', async () => {
    await using home = await openSignedHome();
    const output = join(folder, 'written.tgz');
    await exportBundle(home.resolver, [home.reference], { output });
    const bytes = gunzipSync(await readFile(output)).toString();
    expect(bytes).toContain(`${home.registry.host}/${repository}`);
    expect(findSecrets(bytes, [...home.secrets, signature])).toEqual([]);
    const paths = [folder, output, root, tmpdir(), homedir(), process.cwd()].filter((path) => path.length > 4);
    for (const path of paths) expect(bytes).not.toContain(path);
  });
});

describe('a credential helper', () => {
  /** Installs a helper that writes down how it was called. */
  async function installHelper(name: string, answer: string): Promise<string> {
    const bin = join(folder, `bin-${name}`);
    const path = join(bin, `docker-credential-${name}`);
    await mkdir(bin, { recursive: true });
    await writeFile(path, `#!/bin/sh\n{ printf '%s\\n' "$@"; cat; } > "${path}.called"\n${answer}\n`);
    await chmod(path, 0o755);
    await writeFile(join(bin, 'config.json'), JSON.stringify({ credsStore: name }));
    vi.stubEnv('DOCKER_CONFIG', bin);
    vi.stubEnv('REGISTRY_AUTH_FILE', undefined);
    vi.stubEnv('PATH', [bin, process.env['PATH']].join(delimiter));
    return path;
  }

  it('is told the host on its standard input and nothing else, and what it answers is not said', async () => {
    await using home = await openHome();
    const secret = JSON.stringify({ Username: account.username, Secret: account.password });
    const path = await installHelper('sound', `cat <<'END'\n${secret}\nEND`);
    try {
      await using resolver = createResolver({ retry: 0 });
      await resolver.resolve(home.reference);
    } finally {
      vi.unstubAllEnvs();
    }
    expect(await readFile(`${path}.called`, 'utf8')).toBe(`get\n${home.registry.host}`);
  });

  it.each([
    ['answers nonsense', `echo '{"Secret":"${account.password}"'`],
    ['answers something else', `echo '["${account.password}"]'`],
    ['fails', `echo "${account.password}"; echo "${account.password}" >&2; exit 1`],
  ])('that %s is an error without a word of what it said', async (_, answer) => {
    await using home = await openHome();
    await installHelper(`bad-${answer.length}`, answer);
    try {
      await using resolver = createResolver({ retry: 0 });
      const error: unknown = await resolver.resolve(home.reference).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: 'ERR_OCI_CREDENTIALS' });
      expect(findSecrets(everythingSaid(error), [account.password])).toEqual([]);
    } finally {
      vi.unstubAllEnvs();
    }
  });
});
