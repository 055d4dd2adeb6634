import { blobsOfBase } from '../base-content.js';
import { describeOwner } from '../bundle-owners.js';
import { counted } from '../counted.js';
import { entryPaths } from '../entry-paths.js';
import type { ExternalBlob } from '../record.js';
import type { ValidationContext, ValidationRule } from '../validation-rule.js';

/**
 * Names content that the bundle leaves out and that the other side must have.
 *
 * @remarks With the bundle it builds on at hand, what that one has is no matter of belief any more and is not reported;
 * what it should have and has not is an error.
 */
export const externalRule: ValidationRule = {
  id: 'external',
  onEnd(context) {
    const { record, settings } = context;
    const { base } = settings;
    const isOther = base !== undefined && record.previousBundleId !== base.bundleId;
    if (isOther) reportOther(context, base.bundleId);
    const held = base === undefined || isOther ? undefined : blobsOfBase(base);
    for (const blob of record.external) {
      if (held === undefined || blob.reason !== 'delta') reportExternal(context, blob);
      else if (held.get(blob.digest) !== blob.size) reportMissing(context, blob, held.get(blob.digest));
    }
  },
};

function reportOther({ record, report }: ValidationContext, actual: string): void {
  const { previousBundleId: expected } = record;
  const message =
    expected === undefined
      ? 'the bundle builds on no other one, and needs no base'
      : 'the bundle builds on another one than the base it is checked against';
  report({ code: 'BaseMismatch', path: entryPaths.record, message, expected: expected ?? 'none', actual });
}

function reportExternal({ ownerOf, report }: ValidationContext, { digest, size, reason }: ExternalBlob): void {
  const owner = ownerOf(digest);
  const message = `content of ${describeOwner(owner)}, ${counted(size, 'byte')}, is not in the bundle on purpose: ${reason}`;
  report({ code: 'ExternalBlob', message, digest, subject: owner?.subject, image: owner?.image });
}

function reportMissing(
  { ownerOf, report }: ValidationContext,
  { digest, size }: ExternalBlob,
  actual: number | undefined,
): void {
  const owner = ownerOf(digest);
  const what = `content of ${describeOwner(owner)} is left to the base, which`;
  const message = `${what} ${actual === undefined ? 'has no such blob' : 'has it with another size'}`;
  const sizes = { expected: String(size), actual: actual === undefined ? 'none' : String(actual) };
  report({ code: 'BaseMismatch', message, digest, subject: owner?.subject, image: owner?.image, ...sizes });
}
