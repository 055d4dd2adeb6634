import { basename } from 'node:path';
import {
  BundleReader,
  type BundleRecord,
  type Descriptor,
  defaultRules,
  ImportValidator,
  type ValidationRule,
} from '../../index.js';
import { checkingProgress } from '../checking-progress.js';
import type { CommandContext } from '../command-context.js';
import { exitCodes } from '../exit-codes.js';
import { printReport } from '../report/print-report.js';
import { viewBundle } from '../report/view-record.js';
import { namingKeys, signatureOptions } from '../signing-keys.js';
import type { InspectFlags } from './bundle-inspect.js';

/**
 * Validates a bundle and writes a report that a person can look at, also where the bundle is not valid.
 *
 * @param beside - signatures that stand beside the file
 */
export async function writeBundleReport(
  flags: InspectFlags,
  beside: readonly string[],
  context: CommandContext,
): Promise<number> {
  const { file } = flags;
  const { signal } = context;
  const settings = await signatureOptions(file, flags, context);
  const seen: Seen = { record: undefined, signatures: [], manifests: new Map() };
  const report = await namingKeys(flags.key, async () => {
    const validator = new ImportValidator({ rules: [...defaultRules, watch(seen)], ...settings.options });
    await using reader = new BundleReader(file, { signal, onProgress: checkingProgress(context.output) });
    return await validator.validate(reader, { signatures: settings.signatures, signal });
  });
  const found = [...seen.signatures, ...(flags.signature ?? beside)];
  const view = viewBundle({
    title: basename(file),
    record: seen.record,
    manifests: seen.manifests,
    validated: {
      report,
      signatures: seen.record === undefined ? undefined : found.map((path) => nameOf(path)),
      keyFiles: new Map([...settings.keyFiles].map(([hint, path]) => [hint, basename(path)])),
      threshold: flags.threshold ?? 1,
    },
  });
  await printReport(view, 'html', context);
  return report.ok ? exitCodes.fine : exitCodes.refuted;
}

/** What a validation passes on its way. */
interface Seen {
  record: BundleRecord | undefined;
  readonly signatures: string[];
  /** Manifests of indexes, by digest. */
  readonly manifests: Map<string, Descriptor>;
}

/** Keeps the record that is validated: a second reading of the file could find another one. */
function watch(seen: Seen): ValidationRule {
  return {
    id: 'report',
    onRecord: ({ record }) => {
      seen.record = record;
    },
    onEntry: (_context, { kind, path }) => {
      if (kind === 'signature') seen.signatures.push(path);
    },
    onEnd: ({ manifests }) => {
      for (const manifest of manifests.values()) {
        if (manifest.kind !== 'index') continue;
        for (const child of manifest.index.manifests) seen.manifests.set(child.digest, child);
      }
    },
  };
}

/** A report is passed on: where its files lie on this machine is nobody's business. */
function nameOf(path: string): string {
  return path.startsWith('signatures/') ? path : basename(path);
}
