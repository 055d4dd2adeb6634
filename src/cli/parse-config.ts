import type { Document, LineCounter, Node } from 'yaml';
import { escapeText } from '../index.js';
import { nearest } from './nearest.js';
import { UsageError } from './usage-error.js';

/** What a configuration file says about exports. */
export interface ExportConfig {
  /** For the referrers of one subject; `--timeout` wins. */
  readonly timeoutSeconds?: number | undefined;
  /** Requests at once; `--concurrency` wins. */
  readonly maxConcurrentDiscoveries?: number | undefined;
}

/** A whole number, and what it is called in the options. */
interface NumberRule {
  readonly name: keyof ExportConfig;
  readonly min: number;
  readonly max: number;
}

/** A mapping, with a rule for each key it may have. */
interface MapRule {
  readonly keys: Readonly<Record<string, MapRule | NumberRule>>;
}

const rules: MapRule = {
  keys: {
    export: {
      keys: {
        referrer_discovery: {
          keys: {
            timeout_seconds: { name: 'timeoutSeconds', min: 1, max: 86_400 },
            max_concurrent_discoveries: { name: 'maxConcurrentDiscoveries', min: 1, max: 64 },
          },
        },
      },
    },
  },
};

/**
 * Reads the text of a configuration file: YAML, every key known, every value of its type and in its range.
 *
 * @param file - what it is called, for errors
 * @throws UsageError naming line, column and key
 */
export async function parseConfig(text: string, file: string): Promise<ExportConfig> {
  const yaml = await import('yaml');
  const lines = new yaml.LineCounter();
  const document: Document = yaml.parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const reader = new ConfigReader(yaml, lines, file);
  const fault = document.errors[0] ?? document.warnings[0];
  if (fault !== undefined)
    throw reader.fault(fault.pos[0], `is no valid YAML: ${fault.message}`, 'correct the file there');
  if (document.contents !== null) reader.readMap(document.contents, rules, []);
  return Object.fromEntries(reader.values);
}

/** Walks the document; values are taken from the tree itself, so that aliases are never followed. */
class ConfigReader {
  readonly values = new Map<keyof ExportConfig, number>();
  readonly #yaml: typeof import('yaml');
  readonly #lines: LineCounter;
  readonly #file: string;

  constructor(yaml: typeof import('yaml'), lines: LineCounter, file: string) {
    this.#yaml = yaml;
    this.#lines = lines;
    this.#file = file;
  }

  readMap(node: Node, { keys }: MapRule, path: readonly string[]): void {
    const known = Object.keys(keys);
    const where = path.length === 0 ? 'the file' : path.join('.');
    // A mapping of which everything is commented out sets nothing.
    if (this.#yaml.isScalar(node) && node.value === null) return;
    if (!this.#yaml.isMap<Node, Node | null>(node)) {
      throw this.#wrong(node, `${where} is not a mapping`, `write ${known.join(' or ')} below it, indented`);
    }
    for (const { key, value } of node.items) {
      const name = this.#yaml.isScalar(key) ? String(key.value) : '';
      const rule = Object.hasOwn(keys, name) ? keys[name] : undefined;
      const full = [...path, escapeText(name, 80)];
      if (rule === undefined) throw this.#wrong(key, `${full.join('.')} is no key that is known`, suggest(name, known));
      if (value === null) continue;
      if ('keys' in rule) this.readMap(value, rule, full);
      else this.#readNumber(value, rule, full);
    }
  }

  #readNumber(node: Node, { name, min, max }: NumberRule, path: readonly string[]): void {
    const value = this.#yaml.isScalar(node) ? node.value : undefined;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
      const hint = `write a whole number from ${min} to ${max}, without quotes`;
      throw this.#wrong(node, `${path.join('.')} is not a whole number from ${min} to ${max}`, hint);
    }
    this.values.set(name, value);
  }

  #wrong(node: Node, reason: string, hint: string): UsageError {
    return this.fault(node.range?.[0] ?? 0, reason, hint);
  }

  /** Makes the error for something at an offset in the file. */
  fault(offset: number, reason: string, hint: string): UsageError {
    const { line, col } = this.#lines.linePos(offset);
    return new UsageError(`--config: ${this.#file}, line ${line}, column ${col}: ${escapeText(reason)}`, { hint });
  }
}

function suggest(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return near === undefined ? `known there: ${known.join(', ')}` : `did you mean ${near}?`;
}
