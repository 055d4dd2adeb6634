import type { ValidationReport } from '../validation-report.js';
import type { LayoutRun } from './layout-run.js';

/** Makes the report of an image layout that has been read. */
export function makeLayoutReport({
  found,
  summary,
  otherFiles,
  compression,
  entriesChecked,
  bytesChecked,
}: LayoutRun): ValidationReport {
  return {
    ok: found.errors === 0,
    findings: found.findings,
    findingsDropped: found.dropped,
    layout: summary ?? { images: [], referrers: [], unreferenced: 0, otherFiles },
    subjects: [],
    ...(compression === undefined ? {} : { compression }),
    entriesChecked,
    bytesChecked,
    signed: false,
    signedBy: [],
  };
}
