import { ArgumentError } from '../errors/index.js';
import { escapeText } from '../oci/escape.js';
import { capabilitiesCheck } from './checks/capabilities-check.js';
import { credentialsCheck } from './checks/credentials-check.js';
import { pullCheck } from './checks/pull-check.js';
import { pushCheck } from './checks/push-check.js';
import { referrersCheck } from './checks/referrers-check.js';
import { registryCheck } from './checks/registry-check.js';
import type { DoctorCheck, DoctorCheckInfo } from './doctor-check.js';

/** Every check, in the order they are reported in. */
const checks: readonly DoctorCheck[] = [
  registryCheck,
  credentialsCheck,
  pullCheck,
  pushCheck,
  referrersCheck,
  capabilitiesCheck,
];

/** The checks there are, in the order they are reported in. */
export const doctorChecks: readonly DoctorCheckInfo[] = checks.map(
  ({ id, title, tags, defaultSeverity, relatedChecks }) => ({ id, title, tags, defaultSeverity, relatedChecks }),
);

/**
 * Chooses the checks that are named, and those that have a tag that is; all of them where neither is given.
 *
 * @throws ArgumentError `ERR_OCI_INVALID_OPTION` for a name or a tag nobody knows
 */
export function chooseChecks(
  ids: readonly string[] | undefined,
  tags: readonly string[] | undefined,
): readonly DoctorCheck[] {
  if (ids === undefined && tags === undefined) return checks;
  const knownTags = [...new Set(checks.flatMap((check) => check.tags))];
  for (const id of ids ?? [])
    assertKnown(
      'checks',
      'check',
      id,
      checks.map((check) => check.id),
    );
  for (const tag of tags ?? []) assertKnown('tags', 'tag', tag, knownTags);
  return checks.filter(({ id, tags: own }) => ids?.includes(id) === true || own.some((tag) => tags?.includes(tag)));
}

function assertKnown(argument: string, kind: string, word: string, known: readonly string[]): void {
  if (known.includes(word)) return;
  const meant = nearest(word, known);
  throw new ArgumentError('ERR_OCI_INVALID_OPTION', `there is no ${kind} ${JSON.stringify(escapeText(word, 80))}`, {
    argument,
    hint: `${meant === undefined ? '' : `did you mean ${meant}? `}There are ${known.join(', ')}`,
  });
}

/** The known word whose last part begins most like that of another. */
function nearest(word: string, known: readonly string[]): string | undefined {
  const lastPart = (text: string): string => text.toLowerCase().replace(/^.*[./:]/s, '');
  const typed = lastPart(word);
  const common = (candidate: string): number => {
    const part = lastPart(candidate);
    let end = 0;
    while (end < part.length && part[end] === typed[end]) end++;
    return end;
  };
  const [best] = [...known].sort((one, other) => common(other) - common(one));
  return best !== undefined && common(best) >= 2 ? best : undefined;
}
