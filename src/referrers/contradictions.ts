import { ReferrersError } from '../errors/index.js';
import type { GraphSubject } from './graph.js';

/** A subject whose list is in doubt, and why. */
export interface Contradiction {
  readonly subject: GraphSubject;
  readonly fault: ReferrersError;
}

/**
 * Finds lists that came from a referrers tag of a host which answered for another subject by its API.
 *
 * Nodes of different versions behind one address do that, and the tag of a registry with the API may list nothing.
 */
export function findContradictions(subjects: Iterable<GraphSubject>): readonly Contradiction[] {
  const complete = [...subjects].filter((subject) => subject.complete);
  const byApi = new Map(complete.filter(({ source }) => source === 'api').map((one) => [one.host, one.subject]));
  return complete.flatMap((subject) => {
    const other = subject.source === 'tag-schema' ? byApi.get(subject.host) : undefined;
    return other === undefined ? [] : [{ subject, fault: inconsistent(subject, other.digest) }];
  });
}

function inconsistent({ host, subject }: GraphSubject, other: string): ReferrersError {
  return new ReferrersError(
    'ERR_OCI_REFERRERS_INCONSISTENT',
    `${host} listed the referrers of ${other} by its API and denied to have it for ${subject.digest}`,
    {
      subject: subject.digest,
      hint: 'nodes of different versions may stand behind one address, or an upgrade is under way; try again when it is over',
    },
  );
}
