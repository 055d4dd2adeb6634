import { writeFile } from 'node:fs/promises';
import { startRegistry } from '@stellaops/oci-referrers/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parsePair, parseRequirement } from '../../../src/cli/flag-parsers.js';
import { formatSeconds, formatSize, shortDigest } from '../../../src/cli/format-size.js';
import { createProgressLine } from '../../../src/cli/progress-line.js';
import { drawTable } from '../../../src/cli/table.js';
import { drawTree } from '../../../src/cli/tree.js';
import { wrapText } from '../../../src/cli/wrap-text.js';
import { besideProbes, Capture, cli, createWorkspace, publish } from './support.js';

describe('sizes and times', () => {
  test('sizes are short and in powers of 1,000', () => {
    const sizes = [0, 999, 1000, 1234, 9949, 9951, 999_499, 999_500, 45_100_000, 8 * 1024 ** 3];
    expect(sizes.map(formatSize)).toEqual([
      '0 B',
      '999 B',
      '1.0 kB',
      '1.2 kB',
      '9.9 kB',
      '10 kB',
      '999 kB',
      '1.0 MB',
      '45 MB',
      '8.6 GB',
    ]);
  });

  test('any size takes at most six characters', () => {
    fc.assert(fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (bytes) => formatSize(bytes).length <= 6));
  });

  test('times are in the units people use', () => {
    expect([0.2, 59.4, 125, 11_520].map(formatSeconds)).toEqual(['0 s', '59 s', '2 min 5 s', '3 h 12 min']);
  });

  test('a short digest keeps its algorithm', () => {
    expect(shortDigest(`sha512:${'ab'.repeat(64)}`)).toBe('sha512:abababababab');
  });
});

describe('flags', () => {
  test('any name and value come out of NAME=VALUE as they went in', () => {
    const name = fc.string({ minLength: 1 }).filter((text) => !text.includes('='));
    fc.assert(
      fc.property(name, fc.string(), (left, right) => {
        expect(parsePair(`${left}=${right}`)).toEqual([left, right]);
      }),
    );
  });

  test('a requirement is TYPE, or TYPE:MIN; every other text is refused', () => {
    expect(parseRequirement('a/b')).toEqual({ artifactType: 'a/b', min: 1 });
    expect(parseRequirement('a/b:12')).toEqual({ artifactType: 'a/b', min: 12 });
    for (const text of ['', ':1', 'a/b:', 'a/b:0', 'a/b:x', 'a:b:1']) expect(() => parseRequirement(text)).toThrow();
  });
});

describe('trees and tables', () => {
  test('a tree that loops ends, and says where the rest is', () => {
    const below: Record<string, readonly string[]> = { root: ['a', 'b'], a: ['b'], b: ['root', 'leaf'] };
    const item = (key: string): { key: string; text: string } => ({ key, text: key });
    expect(drawTree(item('root'), ({ key }) => (below[key] ?? []).map(item))).toEqual([
      'root',
      '├── a',
      '│   └── b',
      '│       ├── root  (more above)',
      '│       └── leaf',
      '└── b  (more above)',
    ]);
  });

  test('a chain without end is cut', () => {
    const lines = drawTree({ key: '0', text: '0' }, ({ key }) => [{ key: `${Number(key) + 1}`, text: key }]);
    expect(lines.length).toBeLessThan(100);
    expect(lines.at(-1)).toContain('(more below)');
  });

  test('columns line up', () => {
    expect(
      drawTable(
        ['A', 'B'],
        [
          ['long', 'x'],
          ['s', 'yy'],
        ],
      ),
    ).toEqual(['A     B', 'long  x', 's     yy']);
  });

  test('wrapped text loses no word and keeps to its width', () => {
    const words = fc.array(fc.string({ minLength: 1, maxLength: 20 }).filter((text) => !text.includes(' ')));
    fc.assert(
      fc.property(words, (list) => {
        const lines = wrapText(list.join(' '), 40, '    ');
        expect(lines.join(' ').split(' ').filter(Boolean)).toEqual(list);
        expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(40);
      }),
    );
  });
});

test('a word that is longer than a line stays beside its name where a line of its own has no more room', () => {
  const field = `  expected: ${'x'.repeat(90)}`;
  expect(wrapText(field, 80, ' '.repeat(12))).toEqual([field]);
  expect(wrapText(field, 80, '    ')).toEqual(['  expected:', `    ${'x'.repeat(90)}`]);
});

test('an item of a tree that is too wide for a terminal is told in fewer words, and in all of them to a pipe', () => {
  const root = { key: 'r', text: 'root' };
  const child = {
    key: 'c',
    text: 'type  sbom  sha256:1234  1 kB',
    narrower: ['type  sbom  sha256:1234', 'type  sha256:1234'],
  };
  const draw = (width?: number): string[] => drawTree(root, ({ key }) => (key === 'r' ? [child] : []), width);
  expect(draw()).toEqual(['root', '└── type  sbom  sha256:1234  1 kB']);
  expect(draw(33)).toEqual(['root', '└── type  sbom  sha256:1234  1 kB']);
  expect(draw(32)).toEqual(['root', '└── type  sbom  sha256:1234']);
  expect(draw(10)).toEqual(['root', '└── type  sha256:1234']);
});

describe('progress', () => {
  test('a line is drawn with bytes, rate and time left, not too often, and taken away', () => {
    const terminal = new Capture(80);
    let nowMs = 5000;
    const line = createProgressLine(terminal, true, () => nowMs);
    const update = (doneBytes: number): void => {
      line.update({ label: 'writing', doneBytes, totalBytes: 10_000_000 });
    };
    update(0);
    nowMs += 50;
    update(1_000_000);
    nowMs += 1950;
    update(4_000_000);
    line.clear();
    expect(terminal.text.split('\r\u001b[2K')).toEqual([
      '',
      'writing  0 B of 10 MB',
      'writing  4.0 MB of 10 MB  2.0 MB/s  3 s left',
      '',
    ]);
  });

  test('an export shows progress on a terminal, none in a pipe and none with --quiet', async () => {
    await using registry = await startRegistry();
    await using workspace = await createWorkspace();
    publish(registry, Buffer.alloc(3_000_000));
    const exportTo = (name: string): string[] => [
      'bundle',
      'export',
      `${registry.host}/team/app:1.0`,
      '--output',
      workspace.path(name),
    ];
    const shown = await cli(exportTo('a.tgz'), { terminalColumns: 80, env: { NO_COLOR: '1' } });
    expect(shown.stderr).toMatch(/discovering {2}1 manifest[\s\S]*writing {2}.* of 3\.0 MB/);
    expect(shown.stderr.endsWith('\r\u001b[2K')).toBe(true);
    expect(besideProbes(await cli(exportTo('b.tgz')))).toBe('');
    expect((await cli([...exportTo('c.tgz'), '--quiet'], { terminalColumns: 80 })).stderr).toBe('');
    for (const [words, text] of [
      [['bundle', 'validate', '--file', workspace.path('a.tgz')], /checking {2}.* of 3\.\d MB/],
      [['discover', `${registry.host}/team/app:1.0`, '--recursive'], /discovering {2}1 manifest/],
      [['discover', workspace.path('a.tgz')], /checking {2}.* of 3\.\d MB/],
      [
        ['bundle', 'import', '--file', workspace.path('a.tgz'), '--to', `oci:${workspace.path('layout')}`],
        /checking {2}.* of 3\.\d MB[\s\S]*team\/app:1\.0 {2}.* of 3\.0 MB/,
      ],
      [['copy', `${registry.host}/team/app:1.0`, `oci:${workspace.path('copy')}`], /copy:1\.0 {2}.* of 3\.0 MB/],
      [['pull', `${registry.host}/team/app:1.0`, '--output', workspace.path('out')], /pulling {2}.* of 3\.0 MB/],
    ] as const) {
      const run = await cli(words, { terminalColumns: 80, env: { NO_COLOR: '1' } });
      expect(run.stderr).toMatch(text);
      expect(run.stderr.endsWith('\r\u001b[2K')).toBe(true);
      expect(run.code).toBe(0);
    }
    expect((await cli(['bundle', 'validate', '--file', workspace.path('b.tgz')])).stderr).toBe('');
    const dumb = await cli(exportTo('d.tgz'), { terminalColumns: 80, env: { TERM: 'dumb' } });
    for (const char of ['\r', '\u001b']) expect(dumb.stderr).not.toContain(char);
  });

  test('colour and wrapping are for terminals, and NO_COLOR is respected', async () => {
    const discover = ['discover', 'registry.example.com/Team/app:1'];
    expect((await cli(discover, { terminalColumns: 60 })).stderr).toContain('\u001b[31merror:\u001b[0m');
    const plain = await cli(discover, { terminalColumns: 60, env: { NO_COLOR: '1' } });
    expect(plain.stderr).not.toContain('\u001b');
    await using workspace = await createWorkspace();
    await writeFile(workspace.path('a.tgz'), 'not a bundle, and longer than a header would be');
    const validate = ['bundle', 'validate', '--file', workspace.path('a.tgz')];
    const report = await cli(validate, { terminalColumns: 80 });
    const lines = report.stdout.split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(lines.join(' ').replaceAll(/ +/g, ' ')).toBe((await cli(validate)).stdout.replaceAll(/\s+/g, ' '));
    expect(Math.max(...plain.stderr.split('\n').map((line) => line.length))).toBeLessThanOrEqual(60);
  });
});
