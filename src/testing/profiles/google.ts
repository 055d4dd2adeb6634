import { type AuthStyle, bearerChallenge, type Refusal } from '../auth-style.js';
import type { Behaviour, World } from '../behaviour.js';
import type { RegistryAnswer } from '../types.js';
import { errorAnswer, html, noSubjectHeader, noVersionHeader, referrersAnswer } from './edits.js';
import type { Profile } from './profile.js';

const signIn = '<!doctype html><html lang="en"><head><title>Sign in - Google Accounts</title></head></html>';

function loginRedirect({ elsewhere, origin }: World): Behaviour {
  const location = (path: string): string =>
    `${elsewhere}/v3/signin/identifier?continue=${encodeURIComponent(`${origin}${path}`)}`;
  return {
    ...referrersAnswer(({ path }) => ({ status: 302, headers: { location: location(path) } })),
    ...noSubjectHeader,
    elsewhere: () => html(200, signIn, noVersionHeader),
  };
}

const oneComponent: Behaviour = {
  instead: ({ repository }) =>
    repository === undefined || repository.includes('/')
      ? undefined
      : errorAnswer(400, { code: 'NAME_INVALID', message: 'invalid number of path components: 1' }),
};

/** A credential that is no good gets no challenge at all; the base endpoint names neither service nor scope. */
function refuse(refusal: Refusal, isQuoted: boolean): RegistryAnswer {
  if (refusal.reason === 'invalid') {
    return errorAnswer(401, { code: 'UNAUTHORIZED', message: 'No valid credential was supplied.' });
  }
  const quoted = refusal.scope === '' ? `Bearer realm="${refusal.realm}"` : bearerChallenge(refusal);
  const challenge = isQuoted
    ? quoted
    : `Bearer realm="${refusal.realm}",service=${refusal.service}${refusal.scope === '' ? '' : `,scope="${refusal.scope}"`}`;
  const error = { code: 'UNAUTHORIZED', message: 'not authenticated: No credential was supplied.' };
  return errorAnswer(401, error, { 'www-authenticate': challenge });
}

function mintRefused(scopes: readonly string[]): RegistryAnswer {
  const [project = 'P', name = 'R'] = (scopes[0] ?? '').split(':')[1]?.split('/') ?? [];
  const resource = `projects/${project}/locations/L/repositories/${name}`;
  const message =
    'Unauthenticated request. Unauthenticated requests do not have permission ' +
    `"artifactregistry.repositories.downloadArtifacts" on resource "${resource}" (or it may not exist)`;
  return errorAnswer(403, { code: 'DENIED', message });
}

function bearer(isQuoted: boolean): AuthStyle {
  return {
    type: 'bearer',
    tokenPath: '/v2/token',
    mayOmitService: true,
    deleteActions: ['pull', 'push'],
    token: ({ token, ttlSeconds }) => ({ token, expires_in: ttlSeconds }),
    refuse: (refusal) => refuse(refusal, isQuoted),
    refuseToken: ({ reason, scopes }) =>
      reason === 'anonymous'
        ? mintRefused(scopes)
        : errorAnswer(401, { code: 'UNAUTHORIZED', message: 'authentication failed' }),
    post: errorAnswer(405, { code: 'UNSUPPORTED', message: 'method not allowed' }),
  };
}

function profile(name: Profile['name'], standsFor: string, isQuoted: boolean): Profile {
  return {
    name,
    row: 5,
    standsFor,
    evidence: 'reported',
    notEstablished: [
      'the current answer of the referrers endpoint: vendors say it is native, use conformant-1.1 for that',
      'text of the login page, body of the 405 for a POST',
      'what a token gets that is good and has too little scope: here the challenge',
    ],
    parts: {
      hasElsewhere: true,
      auth: () => [bearer(isQuoted)],
      behave: (world) => [loginRedirect(world), oneComponent],
    },
  };
}

export const googleProfiles: readonly Profile[] = [
  profile(
    'gar-login-redirect',
    'Google Artifact Registry as seen in 2023: the referrers endpoint redirects to a login page that says 200',
    true,
  ),
  profile('gar-login-redirect/gcr', 'gcr.io: the same, with a challenge whose service is not quoted', false),
];
