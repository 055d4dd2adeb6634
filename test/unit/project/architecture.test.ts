import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { describe, expect, it } from 'vitest';

const source = new URL('../../../src/', import.meta.url).pathname;

/** Which rooms each room may import from; docs/architecture.md draws the same arrows. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  telemetry: ['errors'],
  oci: ['errors'],
  content: ['errors', 'oci'],
  http: ['errors', 'oci', 'content', 'telemetry'],
  auth: ['errors', 'oci', 'content', 'telemetry', 'http'],
  remotes: ['errors', 'oci', 'content', 'telemetry', 'http', 'auth'],
  referrers: ['errors', 'oci', 'content'],
  layout: ['errors', 'oci', 'content', 'referrers'],
  bundle: ['errors', 'oci', 'content', 'telemetry', 'referrers'],
  transfer: ['errors', 'oci', 'content', 'referrers', 'bundle'],
  workflows: ['errors', 'oci', 'content', 'telemetry', 'remotes', 'referrers', 'layout', 'bundle', 'transfer'],
  doctor: ['errors', 'oci', 'content', 'telemetry', 'http', 'auth', 'remotes'],
  testing: ['errors', 'oci'],
  cli: ['index.ts'],
};

/** Libraries that live in one room, so that replacing one is a change in one place. */
const confined: Readonly<Record<string, readonly string[]>> = {
  undici: ['http/load-undici.ts', 'http/undici-files.d.ts'],
  'undici/lib/dispatcher/agent.js': ['http/load-undici.ts'],
  'undici/lib/core/connect.js': ['http/load-undici.ts'],
  'tar-stream': [],
  debug: ['telemetry/'],
  '@opentelemetry/api': ['telemetry/'],
  'smol-toml': ['remotes/hosts-dir/parse-toml.ts'],
  'p-limit': ['content/abort.ts'],
  commander: ['cli/'],
  yaml: ['cli/parse-config.ts'],
};

interface Import {
  readonly from: string;
  readonly specifier: string;
  readonly isTypeOnly: boolean;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(source, file), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
  const pattern = /(?:^|\n)\s*(import|export)\s+(type\s)?[^;'"]*?from\s+'([^']+)'|import\('([^']+)'\)/g;
  return [...text.matchAll(pattern)].map((match) => ({
    from: file,
    specifier: match[3] ?? match[4] ?? '',
    isTypeOnly: match[2] !== undefined,
  }));
}

const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.split(sep).join('/'));
const imports = files.flatMap(importsOf);

describe('the rooms of src/', () => {
  it('are all known to this test', () => {
    const rooms = new Set(files.filter((file) => file.includes('/')).map((file) => file.split('/')[0]));
    expect([...rooms].filter((room) => room !== undefined && !(room in allowed))).toEqual([]);
  });

  it('import only from the rooms below them', () => {
    const wrong = imports.filter(({ from, specifier }) => {
      const room = from.split('/')[0] ?? '';
      if (!from.includes('/') || !specifier.startsWith('.')) return false;
      const target = relative(source, join(source, from, '..', specifier))
        .split(sep)
        .join('/')
        .replace(/\.js$/, '.ts');
      const other = target.includes('/') ? (target.split('/')[0] ?? '') : target;
      return other !== room && allowed[room]?.includes(other) !== true;
    });
    expect(wrong).toEqual([]);
  });

  it('keep each library in its one place', () => {
    const wrong = imports.filter(({ from, specifier, isTypeOnly }) => {
      const places = confined[specifier];
      return places !== undefined && !isTypeOnly && !places.some((place) => from.startsWith(place));
    });
    expect(wrong).toEqual([]);
  });

  it('keep every file under the roof of 400 lines', () => {
    const long = files.filter((file) => readFileSync(join(source, file), 'utf8').split('\n').length > 400);
    expect(long).toEqual([]);
  });
});
