import { ProtocolError, RegistryError } from '../../errors/index.js';
import { errorFromBytes } from '../../http/response-error.js';
import type { BufferedResponse } from '../../http/types.js';
import type { CheckContext, DoctorCheck, Outcome } from '../doctor-check.js';
import type { Login } from '../doctor-login.js';
import { faultOutcome } from '../fault-outcome.js';
import { challengeOf, type FrontDoor } from '../front-door.js';
import { loginFixes } from '../login-advice.js';

/** Whether the registry takes the credentials there are; where there are none, whether it lets everybody in. */
export const credentialsCheck: DoctorCheck = {
  id: 'check.integration.oci.credentials',
  title: 'OCI registry credentials',
  tags: ['registry', 'oci', 'credentials', 'authentication'],
  defaultSeverity: 'fail',
  relatedChecks: ['check.integration.oci.registry', 'check.integration.oci.pull', 'check.integration.oci.push'],
  run: async (context) => {
    const login = await context.login();
    const about = { credentials_from: login.source };
    if (login.lacks !== undefined) return await halfLogin(context, login.lacks, about);
    const door = await context.door();
    const evidence = { ...about, challenge: door.asksFor };
    const { status } = door.answer;
    if (door.isWebPage && status < 300) throw webPage(context);
    if (status === 200) return notAsked(login, { ...evidence, status });
    // Nothing is learnt about credentials from a registry that is busy, broken or elsewhere.
    if (status !== 401) throw errorFromBytes(door.answer, 'log in', `to ${context.target.registry}`);
    if (door.asksFor === 'none') return await noChallenge(context, door, { ...evidence, status });
    return await tryLogin(context, login, door, evidence);
  },
};

/** Asks again as whoever the checks are: the token is fetched, and has to be taken. */
async function tryLogin(
  context: CheckContext,
  login: Login,
  door: FrontDoor,
  evidence: NonNullable<Outcome['evidence']>,
): Promise<Outcome> {
  const { registry } = context.target;
  try {
    const answer = await askAs(login, context, door);
    if (answer.status < 200 || answer.status > 299) throw errorFromBytes(answer, 'log in', `to ${registry}`);
    const taken =
      login.method === 'anonymous'
        ? 'gives a token to everybody, and no credentials were given'
        : 'takes the credentials';
    return { severity: 'pass', message: `${registry} ${taken}`, evidence: { ...evidence, status: answer.status } };
  } catch (error) {
    context.signal.throwIfAborted();
    const isRefusal = error instanceof RegistryError && (error.status === 401 || error.status === 403);
    if (isRefusal && login.method === 'anonymous') {
      return await loginNeeded(context, { ...evidence, status: error.status });
    }
    const outcome = await faultOutcome(error, context);
    return { ...outcome, evidence: { ...evidence, ...outcome.evidence } };
  }
}

async function askAs(login: Login, { at, options, signal }: CheckContext, door: FrontDoor): Promise<BufferedResponse> {
  const from = at('pull');
  const bound = { limitName: 'maxErrorBytes', limit: options.limits.maxErrorBytes };
  // As docker login does. GHCR names a repository that does not exist, and Harbor and Quay give nobody in particular a
  // token for nothing: there the test image is what the token is for.
  const needsScope = login.method === 'anonymous' || challengeOf(door, 'bearer')?.get('scope') !== undefined;
  return await from.read('GET', from.baseUrl, bound, { signal, scopes: needsScope ? [from.scope('pull')] : [] });
}

function notAsked({ method }: Login, evidence: Outcome['evidence']): Outcome {
  if (method === 'anonymous') {
    return { severity: 'pass', message: 'no login is asked for, and no credentials were given', evidence };
  }
  const message = 'no login is asked for at /v2/, so the credentials were not looked at: see the checks pull and push';
  return { severity: 'pass', message, evidence: { ...evidence, credentials_checked: false } };
}

async function halfLogin(
  context: CheckContext,
  lacks: 'username' | 'password',
  evidence: Outcome['evidence'],
): Promise<Outcome> {
  const [given, missing, variable] =
    lacks === 'password'
      ? ['a user name', 'password', 'OCI__Password (or --password-stdin)']
      : ['a password', 'user name', 'OCI__Username (or --username)'];
  return {
    severity: 'fail',
    message: `there is ${given} without a ${missing}`,
    evidence,
    likelyCauses: [`${variable} is not set where this runs`, 'a secret was not mounted, or has another name'],
    howToFix: [
      { title: `give the ${missing} too: ${variable}`, commands: ['env | grep -o "^OCI__[A-Za-z]*"'] },
      ...loginFixes(context.target, await context.product(), 'options'),
    ],
  };
}

async function loginNeeded(context: CheckContext, evidence: Outcome['evidence']): Promise<Outcome> {
  return {
    severity: 'fail',
    message: `${context.target.registry} asks for a login, and no credentials were given`,
    evidence,
    likelyCauses: ['nobody has logged in to the registry on this machine', 'the login is for another name of the host'],
    howToFix: loginFixes(context.target, await context.product(), 'none'),
  };
}

async function noChallenge(
  context: CheckContext,
  { challenges }: FrontDoor,
  evidence: Outcome['evidence'],
): Promise<Outcome> {
  const { base } = await context.shell();
  const schemes = challenges.map(({ scheme }) => scheme).join(', ');
  return {
    severity: 'fail',
    message: `${context.target.registry} answers 401 and does not say how to log in${schemes === '' ? '' : ` but ${schemes}`}`,
    evidence,
    likelyCauses: [
      'a proxy in front of the registry takes the header WWW-Authenticate away, or asks for a login of its own',
    ],
    howToFix: [{ title: 'look for WWW-Authenticate in the answer', commands: [base] }],
  };
}

function webPage({ target }: CheckContext): ProtocolError {
  const message = `${target.url} answers with a web page, so the credentials cannot be checked`;
  return new ProtocolError('ERR_OCI_BAD_CONTENT_TYPE', message, { hint: 'check host and port of the registry' });
}
