import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { quote } from '../../../src/cli/completion/command-table.js';
import { cli, createWorkspace } from './support.js';

const run = promisify(execFile);

async function scriptFor(shell: string): Promise<string> {
  const { code, stdout, stderr } = await cli(['completion', shell]);
  expect([code, stderr]).toEqual([0, '']);
  return stdout;
}

/** What a real bash completes the last of these words to. */
async function completeInBash(script: string, words: readonly string[]): Promise<readonly string[]> {
  const line = words.map(quote).join(' ');
  const text = `${script}\nCOMP_WORDS=(${line}); COMP_CWORD=${words.length - 1}; _oci_referrers; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await run('bash', ['--norc', '-c', text]);
  return stdout.split('\n').filter((word) => word !== '');
}

describe('completion for bash', () => {
  test.each([
    [['bund'], ['bundle']],
    [['bundle', 'ex'], ['export']],
    [
      ['bundle', ''],
      ['export', 'inspect', 'diff', 'sign', 'validate', 'import', 'help'],
    ],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['bundle', 'export', 'a', '--comp'], ['--compression']],
    [
      ['bundle', 'export', 'a', '--compression', ''],
      ['store', 'none', 'deflate'],
    ],
    [['bundle', 'export', '--compression', '=', 'st'], ['store']],
    [['copy', '--qui'], ['--quiet']],
    [['copy', 'oci'], []],
    [['bundle', 'validate', '--file', ''], []],
  ])('%j', async (words, expected) => {
    expect(await completeInBash(await scriptFor('bash'), ['oci-referrers', ...words])).toEqual(expected);
  });

  test('names directories where a directory is wanted, and leaves file names to bash', async () => {
    await using workspace = await createWorkspace();
    await mkdir(workspace.path('certs'));
    await writeFile(workspace.path('certain'), '');
    const script = await scriptFor('bash');
    const words = ['oci-referrers', 'discover', '--hosts-dir', workspace.path('cert')];
    expect(await completeInBash(script, words)).toEqual([workspace.path('certs')]);
    // What a name may do on the line is readline's to prevent, which it does for what it is told are file names.
    const hostile = 'z z$(touch gone)*';
    await mkdir(workspace.path(hostile));
    const named = ['oci-referrers', 'discover', '--hosts-dir', workspace.path('z')];
    expect(await completeInBash(script, named)).toEqual([workspace.path(hostile)]);
    expect(script).toContain('compopt -o filenames');
    const { stdout } = await run('bash', ['--norc', '-c', `${script}\ncomplete -p oci-referrers`]);
    expect(stdout).toContain('-o default');
  });
});

test('every command and flag that help shows is in each script', async () => {
  const scripts = await Promise.all(['bash', 'zsh', 'fish'].map(scriptFor));
  for (const path of ['discover', 'pull', 'bundle import']) {
    const { stdout } = await cli([...path.split(' '), '--help']);
    const flags = [...stdout.matchAll(/^ {2}(?:-h, )?--([a-z-]+)/gm)].map(([, name = '']) => name);
    expect(flags.length).toBeGreaterThan(5);
    for (const flag of flags.filter((name) => name !== 'version')) {
      for (const script of scripts) expect(script).toMatch(new RegExp(`(?:--|-l )${flag}\\b`));
    }
  }
});

const isThere = async (shell: string): Promise<boolean> =>
  await run(shell, ['--version']).then(
    () => true,
    () => false,
  );
// Where everything has to run, a shell that is missing is a failure.
const mustRun = process.env['CI'] === 'true';

test.skipIf(!mustRun && !(await isThere('zsh')))('zsh takes its script', async () => {
  await using workspace = await createWorkspace();
  await writeFile(workspace.path('_oci-referrers'), await scriptFor('zsh'));
  await run('zsh', ['-n', workspace.path('_oci-referrers')]);
  const load = `autoload -Uz compinit && compinit -u -D && source ${workspace.path('_oci-referrers')} && print $_comps[oci-referrers]`;
  expect((await run('zsh', ['-f', '-c', load])).stdout).toBe('_oci_referrers\n');
});

test.skipIf(!mustRun && !(await isThere('fish')))('fish completes commands, flags and what follows them', async () => {
  await using workspace = await createWorkspace();
  const path = workspace.path('c.fish');
  await writeFile(path, await scriptFor('fish'));
  const complete = async (line: string): Promise<readonly string[]> => {
    const { stdout } = await run('fish', ['--no-config', '-c', `source ${path}; complete -C ${quote(line)}`]);
    return stdout
      .split('\n')
      .map((row) => row.split('\t')[0] ?? '')
      .filter(Boolean);
  };
  expect(await complete('oci-referrers bundle ex')).toEqual(['export']);
  expect(await complete('oci-referrers bundle export --comp')).toEqual(['--compression']);
  expect(await complete('oci-referrers bundle export --output x --compression ')).toEqual(['deflate', 'none', 'store']);
});
