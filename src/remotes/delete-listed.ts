import { isOciError, ReferrersError } from '../errors/index.js';
import type { Descriptor } from '../oci/descriptor.js';
import { referrersTag } from '../oci/referrers-tag.js';
import { AttemptLog } from './attempt-log.js';
import { type DeleteInput, isThere, sendDelete } from './send-delete.js';
import { assertTagAbsent } from './tag-elsewhere.js';
import { readReferrersTag } from './tag-schema.js';
import { addEntry, type RawEntry, removeEntry, whileListIsHeld } from './tag-schema-update.js';

/** How long finding out and repairing may take after a deletion that failed, whatever the caller's signal says. */
const repairMs = 10_000;

/**
 * Deletes a referrer that a referrers tag may list: first its entry, then the manifest.
 *
 * A tag stands beside an API too, where a push was not told that the API lists it (Quay), or from before there was one.
 *
 * @remarks In this order a list never names what is not there. Where the manifest cannot be deleted its entry is put
 * back, and the error says what is left.
 * @throws ReferrersError `ERR_OCI_REFERRERS_TAG_CONFLICT` when the manifest may be there without being listed
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#deleting-manifests
 */
export async function deleteListed(input: DeleteInput, subject: Descriptor, hasApi: boolean): Promise<void> {
  const { connections, at, descriptor, signal } = input;
  const work = async (): Promise<void> => {
    let entry: RawEntry | undefined;
    const note = (removed: RawEntry): void => {
      entry = removed;
    };
    try {
      if (await holdsList(input, subject, hasApi)) {
        await removeEntry(connections, at, subject, descriptor.digest, { signal, wasThere: true, onRemove: note });
      }
      await sendDelete(input, 'manifests');
    } catch (error) {
      if (entry === undefined) throw error;
      await repair(input, subject, entry, error);
    }
  };
  await whileListIsHeld(at, subject, work, signal);
}

/** At GitLab the tag is the subject itself, which is no list of anything; beside an API it need not hold one either. */
async function holdsList(input: DeleteInput, subject: Descriptor, hasApi: boolean): Promise<boolean> {
  const { connections, at, signal } = input;
  const { limits, timeouts } = connections.options;
  try {
    const tag = await readReferrersTag(at, subject, { limits, signal, attempts: new AttemptLog() });
    if (tag.kind === 'absent' && tag.isWeak && !hasApi)
      await assertTagAbsent(at, subject, { limits, timeouts, signal });
    return tag.kind === 'index';
  } catch (error) {
    if (hasApi && isOciError(error, 'ERR_OCI_REFERRERS_TAG_INVALID')) return false;
    throw error;
  }
}

/** Lists again what could not be deleted; an abort keeps its reason, and the log says what is left. */
async function repair(input: DeleteInput, subject: Descriptor, entry: RawEntry, fault: unknown): Promise<void> {
  const { connections, at, descriptor } = input;
  const { logger } = connections.options;
  const what = at.describe(`manifest ${descriptor.digest}`);
  const signal = AbortSignal.timeout(repairMs);
  let state = 'nobody knows whether it is there';
  try {
    if (!(await isThere({ ...input, signal }))) {
      // It is gone after all: only the answer got lost.
      input.signal?.throwIfAborted();
      return;
    }
    state = 'it is still there';
    await addEntry(connections, at, subject, entry, 'it is still there and may not be listed', {
      signal,
      wasThere: true,
    });
  } catch (error) {
    const left = `${what}: ${state}, and it is not listed under the tag ${referrersTag(subject.digest)} any more`;
    logger.warn(`${left}: ${error instanceof Error ? error.message : String(error)}`);
    input.signal?.throwIfAborted();
    throw new ReferrersError('ERR_OCI_REFERRERS_TAG_CONFLICT', `delete ${left}`, {
      subject: subject.digest,
      cause: fault,
      hint: 'delete it again when the registry answers, or push it again to have it listed',
    });
  }
  input.signal?.throwIfAborted();
  throw isOciError(fault) ? fault.withWords('it is still there, and listed as before') : fault;
}
