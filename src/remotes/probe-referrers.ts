import { isOciError, RegistryError } from '../errors/index.js';
import type { BufferedResponse } from '../http/types.js';
import type { Descriptor } from '../oci/descriptor.js';
import { mediaTypeOf } from '../oci/media-types.js';
import { formatReference, type Reference } from '../oci/reference.js';
import { AttemptLog } from './attempt-log.js';
import type { CapabilityFinding } from './capabilities.js';
import type { Connections } from './connections.js';
import { describeManifest } from './manifest-descriptor.js';
import type { ReferrersVerdict } from './referrers-answer.js';
import { inconsistent } from './referrers-host.js';
import { readReferrersPage } from './referrers-pages.js';
import type { Repository } from './repository.js';

type Verdict = Exclude<ReferrersVerdict, { kind: 'error' }>;

/** Finds the image whose referrers are asked for: a registry may answer for one it does not have as if it had no API. */
export async function findSubject(
  connections: Connections,
  at: Repository,
  reference: Reference,
  signal: AbortSignal,
): Promise<Descriptor> {
  const named = reference.digest ?? reference.tag ?? 'latest';
  const { limits } = connections.options;
  const found = await describeManifest(at, named, { limits, signal }).catch((error: unknown) => {
    throw isOciError(error, 'ERR_OCI_NOT_FOUND') ? noSuchImage(at, reference, named, error) : error;
  });
  if (found === undefined) throw noSuchImage(at, reference, named);
  const subject = reference.digest === undefined ? found : { ...found, digest: reference.digest };
  connections.capabilities.addSubject(at.key, subject.digest);
  return subject;
}

/**
 * Asks for the first page of the referrers of an image that is there, and judges the answer as discovery does.
 *
 * @remarks What is definite is remembered for discovery, by the rules discovery has: no other answer than a list, or a
 * plain 404 for a known subject.
 */
export async function probeReferrers(
  connections: Connections,
  at: Repository,
  subject: Descriptor,
  signal: AbortSignal,
): Promise<CapabilityFinding> {
  const { capabilities } = connections;
  const attempts = new AttemptLog();
  const ask = async (where: Repository): Promise<{ answer: BufferedResponse; verdict: Verdict }> => {
    const { fallbackOn, limits } = connections.options;
    const url = where.referrersUrl(subject.digest, undefined);
    return await readReferrersPage(where, url, 1, subject.digest, { attempts, fallbackOn, limits, signal });
  };
  try {
    let asked = await ask(at);
    if (asked.verdict.kind === 'unsupported' && capabilities.hasSeenApi(at.key)) {
      await using fresh = connections.anew(at, { maxRetries: 0 });
      asked = await ask(fresh);
      if (asked.verdict.kind === 'unsupported') throw inconsistent(at, subject);
    }
    const { answer, verdict } = asked;
    const isSure = verdict.kind === 'list' || isDefinite(verdict);
    if (isSure) capabilities.set(at.key, verdict.kind === 'list' ? 'supported' : 'unsupported');
    return findingOf(answer, verdict);
  } catch (error) {
    throw isOciError(error) && error !== signal.reason ? error.withAttempts(attempts.attempts) : error;
  }
}

/** "No such repository" about one that was just seen is doubtful enough not to be remembered. */
function isDefinite(verdict: Extract<Verdict, { kind: 'unsupported' }>): boolean {
  return !verdict.isWeak && !verdict.errorCodes.includes('NAME_UNKNOWN');
}

function findingOf(answer: BufferedResponse, verdict: Verdict): CapabilityFinding {
  const { status, headers, leftOrigin, url } = answer;
  const type = mediaTypeOf(headers.quote('content-type', 128)) || 'no content type';
  const from = leftOrigin ? ` from ${url.host}, where the registry sent the question` : '';
  const said = `GET referrers: ${status} with ${type}${from}`;
  if (verdict.kind === 'list') {
    const warning = verdict.warning === undefined ? '' : `; ${verdict.warning}`;
    return { name: 'referrers-api', state: 'supported', evidence: `${said}, a list${warning}` };
  }
  // The document's rule is the status: 200, or an index in a 404.
  const naive = status === 200 ? '; the status alone would pass for support' : '';
  return { name: 'referrers-api', state: 'unsupported', evidence: `${said}, no list (${verdict.rule})${naive}` };
}

function noSuchImage(at: Repository, reference: Reference, named: string, cause?: unknown): RegistryError {
  const { registry, repository } = reference;
  return new RegistryError(
    'ERR_OCI_NOT_FOUND',
    `probe ${formatReference(reference)}: ${at.host.host} has no such image to ask the referrers of`,
    {
      method: 'HEAD',
      url: at.url('manifests', named).href,
      status: 404,
      cause,
      hint: `name an image that is there, ${registry}/${repository}:TAG or ${registry}/${repository}@DIGEST, which the credentials may see`,
    },
  );
}
