import type { WholeBehaviour } from './behaviour.js';
import type { RegistryStore } from './registry-store.js';
import type { InterceptedRequest, TestRegistryOptions } from './types.js';
import type { UploadSessions } from './upload-sessions.js';

/** A request, and the registry it came to. */
export interface Incoming {
  readonly request: InterceptedRequest;
  readonly store: RegistryStore;
  readonly uploads: UploadSessions;
  readonly options: TestRegistryOptions;
  /** How the registry differs from a plain one. */
  readonly behaviour: WholeBehaviour;
}

/** What the handler of an endpoint below a repository has to work with. */
export interface Context extends Incoming {
  readonly repository: string;
  /** Tag, digest or upload session; empty where the path ends without one. */
  readonly reference: string;
}
