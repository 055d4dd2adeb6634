import type { CommandContext } from './command-context.js';
import { type ExportConfig, parseConfig } from './parse-config.js';
import { readInputFile } from './read-input.js';
import { UsageError } from './usage-error.js';

/** No configuration is longer, and the parser's time grows faster than the text. */
const maxConfigBytes = 64 * 1024;

/** Reads the file of `--config`; nothing is set where the flag was not given. */
export async function readConfig(file: string | undefined, { signal }: CommandContext): Promise<ExportConfig> {
  if (file === undefined) return {};
  const bytes = await readInputFile(file, '--config', { maxBytes: maxConfigBytes, signal });
  try {
    return await parseConfig(new TextDecoder('utf-8', { fatal: true }).decode(bytes), file);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new UsageError(`--config: ${file} is not text in UTF-8`, { hint: 'name a YAML file', cause });
  }
}
