import { z } from 'zod';
import { OciError } from '../../errors/index.js';
import type { Descriptor } from '../../oci/descriptor.js';
import { parseIndex } from '../../oci/manifest.js';
import { parseJsonAs } from '../../oci/strict-json.js';
import { ValueBudget } from '../../oci/value-budget.js';
import { entryPaths } from '../entry-paths.js';
import type { LayoutRun } from './layout-run.js';

const versionSchema: z.ZodType<{ readonly imageLayoutVersion: string }> = z.object({ imageLayoutVersion: z.string() });

/** Reads `oci-layout` and `index.json` strictly; gives what the latter names, unless that cannot be read. */
export function readLayoutDocuments(run: LayoutRun): readonly Descriptor[] | undefined {
  const { documents } = run;
  for (const path of [entryPaths.ociLayout, entryPaths.index]) {
    if (!documents.has(path)) {
      run.report({ code: 'EntryMissing', path, message: `${path} is not in the archive: this is no image layout` });
    }
  }
  const layout = documents.get(entryPaths.ociLayout);
  if (layout !== undefined) checkVersion(run, layout);
  const index = documents.get(entryPaths.index);
  if (index === undefined) return undefined;
  const excess = new ValueBudget().take(index);
  if (excess !== undefined) {
    const message = `index.json has ${excess.what} than it may have (${excess.limit})`;
    run.report({ code: 'LimitExceeded', path: entryPaths.index, message, expected: String(excess.limit) });
    return undefined;
  }
  return reading(run, () => parseIndex(index, entryPaths.index).manifests);
}

function checkVersion(run: LayoutRun, bytes: Buffer): void {
  const path = entryPaths.ociLayout;
  const version = reading(run, () => parseJsonAs(bytes, versionSchema, path).imageLayoutVersion, path);
  if (version === undefined || version === '1.0.0') return;
  const message = 'the image layout has a version this package does not know';
  run.report({ code: 'VersionUnsupported', path, message, expected: '1.0.0', actual: version });
}

function reading<T>(run: LayoutRun, read: () => T, path: string = entryPaths.index): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof OciError)) throw error;
    run.report({ code: 'OciIndexInvalid', path, message: error.message });
    return undefined;
  }
}
