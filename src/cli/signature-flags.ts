import type { Command } from 'commander';
import { repeatedFlag } from './common-flags.js';
import { parseBundleId, parseThreshold } from './flag-parsers.js';

/** Flags of commands that check who signed a bundle. */
export interface SignatureFlags {
  readonly key?: readonly string[] | undefined;
  readonly threshold?: number | undefined;
  readonly signature?: readonly string[] | undefined;
  readonly expectPrevious?: string | undefined;
}

/** Adds the flags of {@link SignatureFlags}. */
export function addSignatureFlags(command: Command): Command {
  return command
    .addOption(repeatedFlag('--key <file>', 'refuse a bundle that this public key (PEM, cosign.pub) has not signed'))
    .option('--threshold <n>', 'how many of the keys have to have signed (default: 1)', parseThreshold)
    .addOption(
      repeatedFlag(
        '--signature <file>',
        'signature beside the bundle, in place of FILE.sigstore.json, which is found by itself with --key',
      ),
    )
    .option('--expect-previous <id>', 'refuse a bundle that does not build on this one', parseBundleId);
}

/** Where passphrases of private keys come from. */
export const passphraseVariable = 'OCI_REFERRERS_KEY_PASSPHRASE';

/** Adds `--sign-key`. */
export function addSignKeyFlag(command: Command): Command {
  const what = `sign with this private key (PKCS #8 PEM; ${passphraseVariable} opens one that is encrypted)`;
  return command.addOption(repeatedFlag('--sign-key <file>', what));
}
