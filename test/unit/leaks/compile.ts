import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import ts from 'typescript';

const root = new URL('../../../', import.meta.url).pathname;

/** Compiles the library and its command, unchecked, for a test that needs a process of its own. */
export async function compileInto(folder: string): Promise<void> {
  const source = join(root, 'src');
  const files = (await readdir(source, { recursive: true })).filter(
    (file) => file.endsWith('.ts') && !file.startsWith('testing'),
  );
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 };
  for (const file of files) {
    const { outputText } = ts.transpileModule(await readFile(join(source, file), 'utf8'), { compilerOptions });
    const path = join(folder, 'dist', file.replace(/\.ts$/, '.js'));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, outputText);
  }
  await writeFile(join(folder, 'package.json'), await readFile(join(root, 'package.json')));
}
