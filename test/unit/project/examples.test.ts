import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, describe, expect, it } from 'vitest';

const root = new URL('../../../', import.meta.url).pathname;
// Inside the project, so that the package's own name resolves to its sources.
const folder = join(root, '.demo', `examples-${process.pid}`);

/** Every `@example` in src/ and every TypeScript block of the README. */
function collectExamples(): Map<string, string> {
  const examples = new Map<string, string>();
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  for (const file of files) {
    const text = readFileSync(join(root, 'src', file), 'utf8');
    for (const [index, match] of [...text.matchAll(/ \* ```ts\n([\s\S]*?) \* ```/g)].entries()) {
      examples.set(`${file} ${index}`, (match[1] ?? '').replace(/^ *\* ?/gm, ''));
    }
  }
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  for (const [index, match] of [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].entries()) {
    examples.set(`README ${index}`, match[1] ?? '');
  }
  return examples;
}

describe('the examples of the documentation', () => {
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('compile as they stand', { timeout: 60_000 }, () => {
    const examples = collectExamples();
    expect(examples.size).toBeGreaterThan(5);
    mkdirSync(folder, { recursive: true });
    const paths = [...examples].map(([name, code]) => {
      const path = join(folder, `${name.replace(/\W+/g, '-')}.ts`);
      writeFileSync(path, `${code}\nexport {};\n`);
      return path;
    });
    const config = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path));
    const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, root);
    const program = ts.createProgram(paths, { ...options, noEmit: true, noUnusedLocals: false });
    const problems = paths.flatMap((path) => {
      const diagnostics = [
        ...program.getSemanticDiagnostics(program.getSourceFile(path)),
        ...program.getSyntacticDiagnostics(program.getSourceFile(path)),
      ];
      return diagnostics.map(
        (problem) => `${path.slice(folder.length + 1)}: ${ts.flattenDiagnosticMessageText(problem.messageText, '\n')}`,
      );
    });
    expect(problems).toEqual([]);
  });
});
