import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ProfileName } from './profile-names.js';
import type { RegistryStore } from './registry-store.js';

/** Which part of the registry a request was for. */
export type EndpointKind = 'base' | 'manifest' | 'blob' | 'upload' | 'referrers' | 'tags' | 'token' | 'other';

/** What the registry knows about a request before it looks at the body. */
export interface RequestFacts {
  /** HTTP method. */
  readonly method: string;
  /** The request target as it was sent, query and percent-encoding included. */
  readonly url: string;
  /** Its path, still percent-encoded. */
  readonly path: string;
  /** Its query, decoded. */
  readonly query: URLSearchParams;
  /** Headers by lower-case name, `authorization` included; several of one name are joined with a comma. */
  readonly headers: Readonly<Record<string, string>>;
  /** Which endpoint the path belongs to. */
  readonly endpoint: EndpointKind;
  /** Repository in the path; absent where the path has none. */
  readonly repository: string | undefined;
  /** Tag, digest or upload session in the path; absent where the path has none. */
  readonly reference: string | undefined;
}

/** One request the registry received. */
export interface RecordedRequest extends RequestFacts {
  /** Status that was answered; undefined while there is no answer, and for good when the connection was cut instead. */
  readonly status: number | undefined;
}

/** A request as a hook sees it. */
export interface InterceptedRequest extends RequestFacts {
  /** Node's own request: its body is unread, its `socket` can be destroyed. */
  readonly message: IncomingMessage;
}

/** An answer as a handler gives it, before it is sent. */
export interface RegistryAnswer {
  /** HTTP status. */
  readonly status: number;
  /**
   * Headers; `content-length` is set from the body where it is absent, `docker-distribution-api-version` to `registry/2.0`.
   * An empty list sends no header of that name.
   */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** Body; it is held back for HEAD, its length is sent all the same. */
  readonly body?: Uint8Array | undefined;
  /** Bytes of the body after which the connection is cut; 0 cuts it in place of any answer. */
  readonly cutAfterBytes?: number | undefined;
}

/** Credentials the registry asks for. */
export interface TestRegistryAuth {
  /**
   * `basic`: on every request. `bearer`: the registry challenges for tokens, of its own `/token` endpoint unless the profile
   * has another. By default what the profile does, `bearer` without one.
   */
  readonly type?: 'basic' | 'bearer' | undefined;
  /** The one user there is; it may do everything. */
  readonly username: string;
  /** Password of that user. */
  readonly password: string;
  /** Lets everybody pull: without a header (`basic`), or with an anonymous token (`bearer`); false by default. */
  readonly anonymousPull?: boolean | undefined;
  /** Seconds a token is good for; 300 by default. */
  readonly tokenTtlSeconds?: number | undefined;
  /** Taken in place of the password by token services that take refresh tokens; none is by default. */
  readonly refreshToken?: string | undefined;
}

/** Options of {@link startRegistry}. */
export interface TestRegistryOptions {
  /**
   * Behaves like a registry people use, or in one of the ways no registry should; see {@link registryProfiles}. The other
   * options come on top of it. A plain registry by default.
   */
  readonly profile?: ProfileName | undefined;
  /** Serves the referrers API; true by default. False answers `404 page not found` as text, as distribution 2.8 does. */
  readonly referrersApi?: boolean | undefined;
  /** Referrers on one page; all of them by default. */
  readonly pageSize?: number | undefined;
  /** Most tags on one page, whatever `n` asks for; all of them by default. */
  readonly tagsPageSize?: number | undefined;
  /** Applies `artifactType` on the server and says so with `OCI-Filters-Applied`; true by default. */
  readonly artifactTypeFilter?: boolean | undefined;
  /** Asks for credentials; nobody is asked by default. */
  readonly auth?: TestRegistryAuth | undefined;
  /** Serves HTTPS with this key and certificate (PEM); plain HTTP by default. */
  readonly tls?:
    | {
        /** Key, PEM. */
        readonly key: string | Buffer;
        /** Certificate, PEM. */
        readonly cert: string | Buffer;
      }
    | undefined;
  /**
   * Runs before the registry handles a request, authorization included; `store` is what the registry holds.
   *
   * @returns true when it has answered, or cut the connection, itself
   */
  readonly intercept?:
    | ((request: InterceptedRequest, response: ServerResponse, store: RegistryStore) => boolean | Promise<boolean>)
    | undefined;
  /** Gives back the answer to send in place of the registry's own; it does not see what `intercept` answered. */
  readonly rewrite?:
    | ((
        request: InterceptedRequest,
        answer: RegistryAnswer,
        store: RegistryStore,
      ) => RegistryAnswer | Promise<RegistryAnswer>)
    | undefined;
}

/** One address that answers, and what it was asked. */
export interface TestOrigin {
  /** `127.0.0.1:PORT`, as references name it. */
  readonly host: string;
  /** `http://127.0.0.1:PORT`, or `https` with `tls`. */
  readonly origin: string;
  /** Every request so far, in order of arrival, token requests included. */
  readonly requests: readonly RecordedRequest[];
}

/** A running registry; closing it ends every connection. */
export interface TestRegistry extends TestOrigin, AsyncDisposable {
  /**
   * The other address some profiles send clients to: a web site, a token service, a blob store, another registry. Absent
   * where the registry sends nobody anywhere.
   */
  readonly elsewhere: TestOrigin | undefined;
  /** What the registry holds; changes count from the next request on. */
  readonly store: RegistryStore;
  /** Forgets the requests so far, those to `elsewhere` included. */
  clearRequests(): void;
  /** Lets every token that was issued so far expire now. */
  expireTokens(): void;
  /** Stops listening and ends every connection, also those in the middle of an answer. */
  close(): Promise<void>;
}
