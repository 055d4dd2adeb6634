import { escapeText } from '../oci/escape.js';
import type { BundleOwner } from './bundle-owners.js';
import { digestInName } from './entry-names.js';
import { type FindingReport, severityOf, type ValidationFinding } from './finding.js';

/** What a validation has found so far: the first findings are kept, all are counted. */
export class FindingList {
  readonly findings: ValidationFinding[] = [];
  dropped = 0;
  errors = 0;
  readonly #isStrict: boolean;
  readonly #most: number;

  constructor(isStrict: boolean, most: number) {
    this.#isStrict = isStrict;
    this.#most = most;
  }

  /** Takes a finding in, safe for a terminal; tells whether it is an error. */
  add(ruleId: string, { severity, ...finding }: FindingReport): boolean {
    const isError = this.#isStrict || (severity ?? severityOf(finding.code)) === 'error';
    if (isError) this.errors += 1;
    if (this.findings.length >= this.#most) {
      this.dropped += 1;
      return isError;
    }
    const shown = Object.entries(finding).flatMap(([key, value]) => (value === undefined ? [] : [[key, clean(value)]]));
    const escaped = Object.fromEntries(shown) as typeof finding;
    this.findings.push({ ruleId, severity: isError ? 'error' : 'warning', ...escaped });
    return isError;
  }

  /** Adds image, subject and digest where what was read by the end tells whose content a finding is about. */
  addOwners(ownerOf: (digest: string) => BundleOwner | undefined): void {
    for (const [at, finding] of this.findings.entries()) {
      const { image, subject, path } = finding;
      const digest = finding.digest ?? (path === undefined ? undefined : digestInName(path));
      const owner = digest === undefined || image !== undefined ? undefined : ownerOf(digest);
      if (owner === undefined || digest === undefined) continue;
      const about = subject === undefined && owner.subject !== undefined ? { subject: clean(owner.subject) } : {};
      this.findings[at] = { ...finding, digest, image: clean(owner.image), ...about };
    }
  }
}

function clean(value: string): string {
  return escapeText(value, 2048);
}
