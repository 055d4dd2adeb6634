/** What proves to a registry who is asking. */
export type Credentials =
  | {
      /** User name. */
      readonly username: string;
      /** Password or access token. */
      readonly password: string;
    }
  | {
      /** A refresh token that the registry's token service exchanges. */
      readonly identityToken: string;
    }
  | {
      /** A token the registry itself takes, sent as `Bearer`. */
      readonly token: string;
    }
  | {
      /** Ask without credentials, and look nowhere else for any. */
      readonly anonymous: true;
    };

/** Why credentials are asked for. */
export interface CredentialContext {
  /** URL of the token service the registry named; absent for Basic authentication. */
  readonly realm?: string | undefined;
  /** Fires when nobody waits for the answer any more. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Finds the credentials for a registry.
 *
 * @param host - `host[:port]` as the reference or host entry has it, in lower case; `docker.io` for Docker Hub
 * @returns undefined when it knows none
 */
export type CredentialProvider = (
  host: string,
  context: CredentialContext,
) => Credentials | undefined | Promise<Credentials | undefined>;
