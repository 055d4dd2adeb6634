import { isRepositoryName } from '../oci/reference.js';
import { failure, json, methodNotAllowed, noSuchRoute } from './answers.js';
import type { AccessGate } from './auth.js';
import { handleBlob } from './blobs.js';
import type { Context, Incoming } from './context.js';
import { handleManifest } from './manifests.js';
import { handleReferrers } from './referrers.js';
import { handleTags } from './tags.js';
import type { RegistryAnswer } from './types.js';
import { handleUpload } from './uploads.js';

/**
 * Answers a request to the registry.
 *
 * @param gate - checks credentials and issues tokens; nobody is asked without one
 * @param hasTokenService - whether tokens are issued at this address
 */
export async function answerRequest(
  incoming: Incoming,
  gate: AccessGate | undefined,
  hasTokenService: boolean,
): Promise<RegistryAnswer> {
  const { request, behaviour } = incoming;
  return behaviour.change(request, await answer(incoming, gate, hasTokenService));
}

async function answer(
  incoming: Incoming,
  gate: AccessGate | undefined,
  hasTokenService: boolean,
): Promise<RegistryAnswer> {
  const { request, options, behaviour } = incoming;
  const early = behaviour.unrouted(request);
  if (early !== undefined) return early;
  // A router answers what it has no route for before anybody looks at credentials.
  if (request.endpoint === 'other' || (request.endpoint === 'referrers' && options.referrersApi === false)) {
    return noSuchRoute();
  }
  if (request.endpoint === 'token') {
    return gate !== undefined && hasTokenService ? await gate.issue(request) : noSuchRoute();
  }
  return gate?.check(request) ?? (await behaviour.instead(request)) ?? (await handle(incoming));
}

async function handle(incoming: Incoming): Promise<RegistryAnswer> {
  const { repository, reference = '', endpoint, method } = incoming.request;
  if (repository === undefined) {
    return method === 'GET' || method === 'HEAD' ? json(200, {}) : methodNotAllowed(['GET', 'HEAD']);
  }
  if (!isRepositoryName(repository)) return failure(400, 'NAME_INVALID', 'invalid repository name');
  const context: Context = { ...incoming, repository, reference };
  switch (endpoint) {
    case 'blob':
      return handleBlob(context);
    case 'upload':
      return await handleUpload(context);
    case 'manifest':
      return await handleManifest(context);
    case 'referrers':
      return handleReferrers(context);
    case 'tags':
      return handleTags(context);
    case 'base':
    case 'token':
    case 'other':
      return noSuchRoute();
  }
}
