import { noSuchRoute, send } from './answers.js';
import { AccessGate, tokenPathOf } from './auth.js';
import type { AuthStyle } from './auth-style.js';
import { combine, type ProfileParts, type WholeBehaviour, type World } from './behaviour.js';
import { answerRequest } from './handle.js';
import { type ListeningOrigin, listen } from './listen.js';
import { findProfile } from './profiles/find-profile.js';
import { RegistryStore } from './registry-store.js';
import type { TestRegistry, TestRegistryAuth, TestRegistryOptions } from './types.js';
import { UploadSessions } from './upload-sessions.js';

/**
 * Starts an OCI registry that keeps everything in memory, on a free port of 127.0.0.1.
 *
 * @remarks It serves distribution-spec v1.1.1 as a real registry does, or answers as a `profile` says, and records every
 * request. It is made for tests: everything that is pushed stays in memory, blobs up to 1 GiB and manifests up to 4 MiB each.
 * @param options - how it differs from a plain registry
 * @returns the running registry; the caller closes it
 * @throws `ArgumentError` `ERR_OCI_INVALID_OPTION` for a profile nobody knows
 * @example
 * ```ts
 * import { buildImage, startRegistry } from '@stellaops/oci-referrers/testing';
 *
 * await using registry = await startRegistry({ profile: 'ghcr-2026' });
 * registry.store.add('team/app', buildImage(), { tag: '1.0' });
 * const answer = await fetch(`${registry.origin}/v2/team/app/manifests/1.0`);
 * console.log(answer.status, registry.requests.length, registry.elsewhere?.requests);
 * ```
 */
export async function startRegistry(options: TestRegistryOptions = {}): Promise<TestRegistry> {
  const parts: ProfileParts = options.profile === undefined ? {} : findProfile(options.profile).parts;
  const own = await listen(options.tls);
  const elsewhere = parts.hasElsewhere === true ? await listen(options.tls) : undefined;
  const { host, origin, requests } = own;
  const store = new RegistryStore();
  const { pageSize, tagsPageSize } = options;
  const world: World = { host, origin, store, elsewhere: elsewhere?.origin ?? origin, pageSize, tagsPageSize };
  const style = chooseStyle(options.auth, parts, world);
  const realmOrigin = style.isElsewhere === true ? world.elsewhere : origin;
  const gate = options.auth === undefined ? undefined : new AccessGate(options.auth, style, realmOrigin, host);
  const behaviour = combine(parts.behave?.(world) ?? []);
  const settled = { ...options, referrersApi: options.referrersApi ?? parts.referrersApi };
  serveRegistry(own, { options: settled, store, behaviour, gate, style });
  if (elsewhere !== undefined)
    serveElsewhere(elsewhere, behaviour, style.isElsewhere === true ? gate : undefined, style);

  const close = async (): Promise<void> => {
    await Promise.all([own.close(), elsewhere?.close()]);
  };
  return {
    host,
    origin,
    requests,
    store,
    elsewhere,
    clearRequests: () => {
      own.clearRequests();
      elsewhere?.clearRequests();
    },
    expireTokens: () => gate?.expireTokens(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

interface Served {
  readonly options: TestRegistryOptions;
  readonly store: RegistryStore;
  readonly behaviour: WholeBehaviour;
  readonly gate: AccessGate | undefined;
  readonly style: AuthStyle;
}

function serveRegistry(at: ListeningOrigin, { options, store, behaviour, gate, style }: Served): void {
  const uploads = new UploadSessions();
  const { intercept, rewrite } = options;
  const issuesTokens = style.type === 'bearer' && style.isElsewhere !== true;
  at.serve(async (request, response) => {
    if (intercept !== undefined && (await intercept(request, response, store))) return;
    const own = await answerRequest({ request, store, uploads, options, behaviour }, gate, issuesTokens);
    send(rewrite === undefined ? own : await rewrite(request, own, store), request, response);
  }, tokenPathOf(style));
}

function serveElsewhere(
  at: ListeningOrigin,
  behaviour: WholeBehaviour,
  gate: AccessGate | undefined,
  style: AuthStyle,
): void {
  at.serve(async (request, response) => {
    const issued = request.endpoint === 'token' ? await gate?.issue(request) : undefined;
    send(issued ?? (await behaviour.elsewhere(request)) ?? noSuchRoute(), request, response);
  }, tokenPathOf(style));
}

/** The caller's choice counts, then the profile's first; what a profile does not know is done plainly. */
function chooseStyle(auth: TestRegistryAuth | undefined, parts: ProfileParts, world: World): AuthStyle {
  const styles = parts.auth?.(world) ?? [];
  const type = auth?.type ?? styles[0]?.type ?? 'bearer';
  return styles.find((style) => style.type === type) ?? { type };
}
