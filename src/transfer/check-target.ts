import { mapConcurrently } from '../content/abort.js';
import type { PushTarget } from '../content/sources.js';
import { BundleError } from '../errors/index.js';
import type { TransferItem, TransferOptions, TransferredSubject } from './transfer.js';

/**
 * Lists every subject on the target and compares: what was carried along has to be found there again.
 *
 * @throws {@link BundleError} `ERR_OCI_TRANSFER_UNVERIFIED`, naming the first referrer that is not listed
 */
export async function checkTarget(
  target: PushTarget,
  item: TransferItem,
  options: TransferOptions,
): Promise<readonly TransferredSubject[]> {
  return await mapConcurrently(
    item.graph.subjects,
    options.concurrency ?? 4,
    async ({ subject, referrers, tags }, signal) => {
      const list = await target.listReferrers(subject, { signal, legacyTags: tags.size > 0 });
      const listed = new Set(
        [...list.referrers, ...list.legacy.map(({ descriptor }) => descriptor)].map(({ digest }) => digest),
      );
      const missing = referrers.filter((referrer) => !listed.has(referrer.digest));
      const [first] = missing;
      if (first !== undefined) {
        throw new BundleError(
          'ERR_OCI_TRANSFER_UNVERIFIED',
          `${item.target}: ${missing.length} of ${referrers.length} referrers of ${subject.digest} were pushed but are not listed, the first is ${first.digest}`,
          {
            hint: 'the registry may list with a delay or ignore subjects: list again later, and import again if they stay away',
          },
        );
      }
      return { subject: subject.digest, source: list.source, carried: referrers.length, listed: listed.size };
    },
    options.signal,
  );
}
