import { mkdir, writeFile } from 'node:fs/promises';
import { startRegistry } from '@stellaops/oci-referrers/testing';
import { describe, expect, test } from 'vitest';
import { hideLogin } from '../../../src/cli/hide-login.js';
import { authority, otherIdentity, serverIdentity } from '../http/certificates.js';
import { type Handler, startServer } from '../http/support.js';
import { startTls } from '../http/tls-server.js';
import { cli, createWorkspace } from './support.js';

const zeros = `sha256:${'0'.repeat(64)}`;
const fileHint = 'check the path: it starts at the current directory unless it begins with /';
const referenceHint = 'write HOST[:PORT]/REPOSITORY:TAG or HOST[:PORT]/REPOSITORY@sha256:DIGEST';
const bundleHint = 'give the path of a bundle file that this user may read, or a stream of its bytes';
const helpOf = (command: string): string => `oci-referrers ${command} --help`;

/** What is typed, what is said about it, and what is to be typed instead. */
type Row = readonly [argv: string, error: string | RegExp, next: string];

const commands: readonly Row[] = [
  ['', /^oci-referrers needs a command: discover, /, 'oci-referrers --help'],
  ['bundle', /^oci-referrers bundle needs a command: export, /, helpOf('bundle')],
  ['discovr x', "unknown command 'discovr'", 'did you mean oci-referrers discover? See oci-referrers --help'],
  [
    'bundle vaildate',
    "unknown command 'vaildate'",
    'did you mean oci-referrers bundle validate? See oci-referrers bundle --help',
  ],
  [
    'bundle exprt x',
    "unknown command 'exprt'",
    'did you mean oci-referrers bundle export? See oci-referrers bundle --help',
  ],
  ['export x', "unknown command 'export'", 'did you mean oci-referrers bundle export? See oci-referrers --help'],
  [
    'validat --file x',
    "unknown command 'validat'",
    'did you mean oci-referrers bundle validate? See oci-referrers --help',
  ],
  ['verify x', "unknown command 'verify'", 'did you mean oci-referrers bundle validate? See oci-referrers --help'],
  [
    'bundle load x',
    "unknown command 'load'",
    'did you mean oci-referrers bundle import? See oci-referrers bundle --help',
  ],
  ['tree x', "unknown command 'tree'", 'did you mean oci-referrers discover? See oci-referrers --help'],
  [
    'login x',
    "unknown command 'login'",
    'docker login writes what is read here; or give --username and --password-stdin',
  ],
  ['qqq', "unknown command 'qqq'", 'oci-referrers --help'],
  ['help exprt', "unknown command 'exprt'", 'did you mean oci-referrers bundle export? See oci-referrers --help'],
  [
    'help bundle exprt',
    "unknown command 'exprt'",
    'did you mean oci-referrers bundle export? See oci-referrers bundle --help',
  ],
  [
    'registry.example.com/app:1',
    "unknown command 'registry.example.com/app:1'",
    'to see what refers to an image: oci-referrers discover registry.example.com/app:1',
  ],
  ['app.tgz', "unknown command 'app.tgz'", 'to look into a bundle: oci-referrers bundle inspect --file app.tgz'],
];

const flags: readonly Row[] = [
  [
    'discover a --artifact-typ b',
    "unknown option '--artifact-typ'",
    `did you mean --artifact-type? See ${helpOf('discover')}`,
  ],
  [
    'discover a --artefact-type=b',
    "unknown option '--artefact-type'",
    `did you mean --artifact-type? See ${helpOf('discover')}`,
  ],
  ['bundle validate -f x', "unknown option '-f'", `did you mean --file? See ${helpOf('bundle validate')}`],
  ['bundle validate --flie x', "unknown option '--flie'", `did you mean --file? See ${helpOf('bundle validate')}`],
  ['bundle export a -o x', "unknown option '-o'", `did you mean --output? See ${helpOf('bundle export')}`],
  ['discover a --json', "unknown option '--json'", `did you mean --format json? See ${helpOf('discover')}`],
  [
    'discover a --password p',
    "unknown option '--password'",
    `did you mean --password-stdin? See ${helpOf('discover')}`,
  ],
  ['discover a --qqqqqq', "unknown option '--qqqqqq'", `see ${helpOf('discover')}`],
  [
    'bundle inspect --file x --check-referrers',
    "unknown option '--check-referrers'",
    `--check-referrers is a flag of bundle validate; see ${helpOf('bundle inspect')}`,
  ],
  [
    '--artifact-type x discover a',
    "unknown option '--artifact-type'",
    'flags stand after the command: oci-referrers discover … --artifact-type; see oci-referrers --help',
  ],
  ['discover a --format xml', /argument 'xml' is invalid. Allowed choices are tree, table/, helpOf('discover')],
  ['discover a --concurrency 65', /Write a number from 1 to 64.$/, helpOf('discover')],
  ['discover a --timeout 0', /Write a whole number of seconds/, helpOf('discover')],
  ['discover a --header novalue', /Write NAME=VALUE.$/, helpOf('discover')],
  ['discover a --platform linux', /Write OS\/ARCH or OS\/ARCH\/VARIANT, such as linux\/amd64.$/, helpOf('discover')],
  ['discover a --platform', "option '--platform <platform>' argument missing", helpOf('discover')],
  ['discover a --quiet --verbose', /cannot be used with/, 'oci-referrers --help'],
  ['bundle export a --output b.tgz --require :2', /Write TYPE or TYPE:MIN/, helpOf('bundle export')],
  ['bundle export a --output b.tgz --expires-at soon', /Write a time such as/, helpOf('bundle export')],
  ['bundle import --file b.tgz --to localhost:1 --map a/b', /Write FROM=TO/, helpOf('bundle import')],
  [
    'discover a --username me',
    '--username and --password-stdin belong together',
    'write the password to standard input: … --username NAME --password-stdin < FILE',
  ],
  ['discover a --cert c.pem', '--cert and --key-file belong together', 'give both, or neither'],
  ['discover localhost:1/a --header Cookie=x', /option headers/, 'see the API reference for what this option takes'],
];

const places: readonly Row[] = [
  [
    'discover',
    "missing required argument 'reference'",
    `write oci-referrers discover REFERENCE; see ${helpOf('discover')}`,
  ],
  ['copy a', "missing required argument 'target'", `write oci-referrers copy SOURCE TARGET; see ${helpOf('copy')}`],
  ['discover a b', /^too many arguments/, helpOf('discover')],
  [
    'bundle export a',
    "required option '--output <file>' not specified",
    `write oci-referrers bundle export REFERENCE... --output FILE; see ${helpOf('bundle export')}`,
  ],
  [
    'bundle inspect app.tgz',
    'oci-referrers bundle inspect takes its bundle by name',
    'oci-referrers bundle inspect --file app.tgz',
  ],
  [
    'bundle import --file b.tgz',
    'import needs a target',
    'give --to REGISTRY[/PREFIX], --to oci:DIR, or --map FROM=TO; or set OCI__RegistryUrl',
  ],
  ['bundle import --file b.tgz --to http://x', '--to http://x has a scheme', 'leave it out; --plain-http chooses HTTP'],
  [
    'discover docker://localhost:1/a:1',
    'reference docker://localhost:1/a:1 has a scheme',
    'leave it out: localhost:1/a:1',
  ],
  [
    'attach http://localhost:1/v2/a/manifests/1 x:a/b --artifact-type a/b',
    'reference http://localhost:1/v2/a/manifests/1 has a scheme',
    'leave it out: localhost:1/a:1; --plain-http chooses HTTP',
  ],
  [`discover https://localhost:1/v2/a/referrers/${zeros}`, /has a scheme$/, `leave it out: localhost:1/a@${zeros}`],
  [
    'copy oci-archive:a.tar localhost:1/a',
    /^source oci-archive:a.tar has the name of a transport$/,
    'write HOST/REPOSITORY:TAG, or oci:DIR for an image layout',
  ],
  [
    'bundle export oci:mirror --output b.tgz',
    'reference oci:mirror is an image layout',
    'copy and discover take layouts',
  ],
  ['discover ./mirror', 'reference ./mirror is a path', 'write oci:./mirror for an image layout directory'],
  ['discover localhost:5000', 'reference localhost:5000 names no repository', 'write localhost:5000/REPOSITORY:TAG'],
  ['discover localhost:99999/a', /has a registry that is not HOST or HOST:PORT$/, referenceHint],
  ['discover localhost:1/App:1', /has a repository that is not a legal name$/, 'repository names are lower-case: app'],
  ['discover localhost:1/a:', /has a tag that is not a legal tag$/, referenceHint],
  ['discover localhost:1/a@sha256:abc', /has a digest that is not sha256 or sha512 in lower-case hex$/, referenceHint],
];

const files: readonly Row[] = [
  [
    'bundle validate --file DIR/ap.tgz',
    `cannot read the bundle "DIR/ap.tgz": ENOENT: no such file or directory, open 'DIR/ap.tgz'`,
    `did you mean DIR/app.tgz? Otherwise ${bundleHint}`,
  ],
  ['bundle inspect --file DIR/gone', /^cannot read the bundle "DIR\/gone"/, bundleHint],
  [
    'bundle validate --file DIR/folder',
    'cannot read the bundle "DIR/folder": it is not a regular file',
    'this is a directory, and a bundle is a file; discover and copy read image layouts: oci:DIR/folder',
  ],
  [
    'attach localhost:1/a DIR/sbom.json --artifact-type a/b',
    'DIR/sbom.json does not say its media type',
    'write FILE:TYPE, such as DIR/sbom.json:application/spdx+json',
  ],
  ['attach localhost:1/a DIR/none.json:a/b --artifact-type a/b', /^file: DIR\/none.json cannot be read/, fileHint],
  [
    'attach localhost:1/a DIR/folder:a/b --artifact-type a/b',
    /^file: DIR\/folder cannot be read/,
    'name a file; this is a directory',
  ],
  [
    'discover localhost:1/a --ca-file DIR/sbm.json',
    /^--ca-file: DIR\/sbm.json cannot be read/,
    `did you mean DIR/sbom.json? Otherwise ${fileHint}`,
  ],
  ['discover localhost:1/a --hosts-dir DIR/app.tgz', '--hosts-dir: DIR/app.tgz is no directory', 'name a directory'],
  [
    'bundle export localhost:1/a --output DIR/b.zip --dry-run',
    '--output DIR/b.zip does not say how the bundle is packed',
    'end the name in .tgz, .tar.gz or .tar, or give --compression as well',
  ],
];

describe('exits with 4, says in one line what is wrong and in the next what to type, and shows no stack', () => {
  test.each([...commands, ...flags, ...places, ...files])('%s', async (argv, error, next) => {
    await using workspace = await createWorkspace();
    await mkdir(workspace.path('folder'));
    for (const name of ['app.tgz', 'sbom.json']) await writeFile(workspace.path(name), 'x');
    const directory = workspace.path('folder').replace(/\/folder$/, '');
    const words = argv.replaceAll('DIR', directory).split(' ').filter(Boolean);
    const { code, stdout, stderr } = await cli(words);
    const lines = stderr.replaceAll(directory, 'DIR').trimEnd().split('\n');
    // Where the command is missing, help stands before the error.
    const [first = '', ...rest] = lines.slice(lines.findIndex((line) => line.startsWith('error: ')));
    if (typeof error === 'string') expect(first).toBe(`error: ${error}`);
    else expect(first.replace(/^error: /, '')).toMatch(error);
    expect(rest.filter((line) => !line.startsWith('  code: '))).toEqual([`  next: ${next}`]);
    expect([code, stdout]).toEqual([4, '']);
  });
});

describe('a registry that does not answer as one', () => {
  test('a certificate for another name is refused with the names it has, and what can be done', async () => {
    const { origin } = await startTls(otherIdentity);
    await using workspace = await createWorkspace();
    await writeFile(workspace.path('ca.pem'), authority);
    const discover = [
      'discover',
      `${origin.slice('https://'.length)}/team/app:1`,
      '--ca-file',
      workspace.path('ca.pem'),
    ];
    const { code, stdout, stderr } = await cli(discover);
    expect(stderr.split('\n')).toEqual([
      `error: HEAD ${origin}/v2/team/app/manifests/1 failed: its certificate is for other.example and not for 127.0.0.1`,
      '  code: ERR_OCI_NETWORK',
      expect.stringMatching(
        /^ {2}next: name the registry as its certificate does.* --insecure accepts any certificate/,
      ),
      '',
    ]);
    expect([code, stdout]).toEqual([3, '']);
  });

  test('a certificate of an unknown authority is refused, and what makes it known is named', async () => {
    const { origin } = await startTls(serverIdentity);
    await using workspace = await createWorkspace();
    await writeFile(workspace.path('ca.pem'), otherIdentity.cert);
    const host = origin.slice('https://'.length);
    const { code, stderr } = await cli(['discover', `${host}/team/app:1`, '--ca-file', workspace.path('ca.pem')]);
    expect(stderr).toMatch(/^error: .* its certificate is not trusted\n/);
    expect(stderr).toContain('next: give the authority that signed it with tls.ca (--ca-file,');
    expect(code).toBe(3);
  });

  const page: Handler = ({ path }, response) => {
    const status = Number(/\/manifests\/(\d+)$/.exec(path)?.[1] ?? 200);
    response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' });
    response.end('<html><title>Sign in</title></html>');
  };

  test.each([
    [
      '200',
      'came as text/html, which is not a manifest',
      'a proxy or login page may have answered instead of the registry',
    ],
    ['403', '403', 'a page of HTML came, as from a proxy or a login page: look with curl -v'],
    ['400', '400', 'a page of HTML came, as from a proxy or a login page: look with curl -v'],
  ])('a page of HTML with status %s is taken for what it is', async (status, error, next) => {
    const { origin } = await startServer(page);
    const { code, stdout, stderr } = await cli(['discover', `${origin.slice('http://'.length)}/team/app:${status}`]);
    const [first, , last, end] = stderr.split('\n');
    expect(first).toContain(error);
    expect(last).toMatch(/^ {2}next: /);
    expect(last).toContain(next);
    expect([code, stdout, end]).toEqual([3, '', '']);
  });

  test('one that cannot be reached is named, with what to look at', async () => {
    const registry = await startRegistry();
    await registry.close();
    const { code, stderr } = await cli(['bundle', 'export', `${registry.host}/a:1`, '--output', 'never.tgz']);
    expect(stderr).toContain(`error: HEAD ${registry.origin}/v2/a/manifests/1 failed: connection refused\n`);
    expect(stderr).toContain('  next: is the registry running on this host and port?');
    expect(code).toBe(3);
  });
});

test.each([
  ['discover', 'https://user:hunter22@reg.example/team/app?sig=hunter22'],
  ['probe', 'https://user:hunter22@reg.example/team/app'],
  ['copy', 'user:hunter22@reg.example/team/app', 'oci:x'],
  ['discover', 'docker:user:hunter22@reg.example/app'],
  ['https://user:hunter22@reg.example/team/app'],
  ['https://user:hunter22@reg.example/app.tgz'],
  ['discover', 'https://user:p/hunter22@reg.example/app'],
  ['discover', 'https://reg.example/app#hunter22'],
  ['probe', 'oci:user:hunter22@reg.example/app'],
  ['probe', 'oci://user:hunter22@reg.example/app'],
  ['discover', 'ocidir://user:hunter22@reg.example/app'],
  ['discover', 'user:p/hunter22@reg.example/app'],
  ['bundle', 'user:hunter22@reg.example/app.tgz'],
  ['bundle', 'import', '--file', 'x.tgz', '--map', 'a=https://reg.example/app?token=hunter22'],
  ['bundle', 'inspect', '--file', 'https://user:hunter22@reg.example/app.tgz'],
  ['attach', 'https://user:hunter22@reg.example/app', 'a:b/c', '--artifact-type', 'a/b'],
  ['bundle', 'export', 'user:hunter22@reg.example/app', '--output', 'x.tgz'],
  ['bundle', 'import', '--file', 'x.tgz', '--to', 'https://user:hunter22@reg.example'],
])('a password that was typed in the place of a reference is not shown again: %s', async (...words) => {
  const { code, stderr } = await cli(words);
  expect(code).toBe(4);
  expect(stderr).toMatch(/reg\.example|it is not repeated here/);
  expect(stderr).not.toContain('hunter22');
});

test.each([
  [['doctor', '--check', 'x'], 'oci-referrers doctor run … --check'],
  [['bundle', '--file', 'b.tgz', 'validate'], 'oci-referrers bundle validate … --file'],
])('a flag that stands before its command is shown in its place: %j', async (words, meant) => {
  const { code, stderr } = await cli(words);
  expect([code, stderr]).toEqual([4, expect.stringContaining(`flags stand after the command: ${meant};`)]);
});

test('a report that has nowhere to go is refused before any check runs', async () => {
  await using registry = await startRegistry();
  const run = async (output: string): ReturnType<typeof cli> =>
    await cli(['doctor', 'run', '--registry-url', registry.origin, '--output', output]);
  const missing = await run('/nonexistent/report.json');
  expect([missing.code, missing.stderr]).toEqual([4, expect.stringContaining('/nonexistent is no directory')]);
  expect((await run('-')).code).toBe(4);
  expect(registry.requests).toEqual([]);
});

test('--timeout bounds the first request too', async () => {
  await using registry = await startRegistry({ intercept: () => true });
  const startedAt = performance.now();
  const { code, stderr } = await cli(['probe', `${registry.host}/team/app:1.0`, '--timeout', '1']);
  expect([code, stderr]).toEqual([3, expect.stringContaining('within 1000 ms')]);
  expect(performance.now() - startedAt).toBeLessThan(10_000);
});

test.each([
  ['https://u:pw@reg.example/app:1?sig=x', 'https://reg.example/app:1'],
  ['u:p/w@reg.example/app@sha256:abc', 'reg.example/app@sha256:abc'],
  ['reg.example:5000/app@latest', 'reg.example:5000/app@latest'],
  ['reg.example/team/app:1.2@sha256:abc', 'reg.example/team/app:1.2@sha256:abc'],
  ['./sboms@home/app.tgz', './sboms@home/app.tgz'],
  ['oci:mirror:1.2', 'oci:mirror:1.2'],
])('%s is shown as %s', (typed, shown) => {
  expect(hideLogin(typed)).toBe(shown);
});
