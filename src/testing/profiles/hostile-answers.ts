import { digestOf } from '../../oci/digest.js';
import { json } from '../answers.js';
import type { Behaviour, World } from '../behaviour.js';
import type { InterceptedRequest, RegistryAnswer } from '../types.js';
import { errorAnswer, everyHeader, isRead, referrersAnswer, withHeaders } from './edits.js';
import { hostile } from './hostile.js';
import type { Profile } from './profile.js';

/** The address where clouds keep the secrets of a machine. */
const metadata = 'http://169.254.169.254/latest/meta-data/iam/security-credentials/';

function redirect(location: (request: InterceptedRequest) => Record<string, string>): (world: World) => Behaviour {
  return () => referrersAnswer((request) => ({ status: 307, headers: location(request) }));
}

/** Asks everybody for a token of one realm, whatever they bring. */
function challenging(realm: (world: World) => string): (world: World) => Behaviour {
  return (world) => {
    const refusal = errorAnswer(
      401,
      { code: 'UNAUTHORIZED', message: 'authentication required' },
      { 'www-authenticate': `Bearer realm="${realm(world)}",service="${world.host}",scope="repository:a/b:pull"` },
    );
    const token = json(200, { token: 'a-token' });
    return {
      unrouted: ({ endpoint }) => (endpoint === 'token' ? token : refusal),
      elsewhere: ({ endpoint }) => (endpoint === 'token' ? token : undefined),
    };
  };
}

/** CSI as one character: headers take it, and terminals obey it. */
const csi = '\u009b';

/** A tag is answered with the right manifest under the digest of another. */
const lyingDigest: Behaviour = {
  change: (request, answer): RegistryAnswer =>
    request.endpoint === 'manifest' && isRead(request) && answer.status === 200
      ? withHeaders(answer, { 'docker-content-digest': digestOf(Buffer.from('something else')) })
      : answer,
};

/** Redirects, challenges and texts that are traps. */
export const hostileAnswers: readonly Profile[] = [
  hostile(
    'hostile/redirect-loop',
    'a referrers endpoint that redirects to itself',
    redirect(({ url }) => ({ location: url })),
  ),
  hostile(
    'hostile/redirect-without-location',
    'a redirect to nowhere',
    redirect(() => ({})),
  ),
  hostile(
    'hostile/redirect-to-metadata',
    "a redirect to the cloud's metadata service",
    redirect(() => ({ location: metadata })),
  ),
  hostile(
    'hostile/realm-elsewhere',
    'a challenge that names a token service at another origin',
    challenging(({ elsewhere }) => `${elsewhere}/token`),
  ),
  hostile(
    'hostile/realm-metadata',
    "a challenge that names the cloud's metadata service",
    challenging(() => metadata),
  ),
  hostile(
    'hostile/endless-challenges',
    'a challenge after every token',
    challenging(({ origin }) => `${origin}/token`),
  ),
  hostile('hostile/ansi-warning', 'a warning that draws on the terminal', () =>
    everyHeader({ warning: `299 - "${csi}2J${csi}31mall is well"` }),
  ),
  hostile('hostile/ansi-error', 'an error message that draws on the terminal', () =>
    referrersAnswer(() => errorAnswer(403, { code: 'DENIED', message: '\u001b[2J\u001b[31mall is well\u202e' })),
  ),
  hostile('hostile/digest-header-lies', 'manifests under the digest of something else', () => lyingDigest),
  hostile('hostile/hangs-up', 'a connection that is cut in place of an answer', () =>
    referrersAnswer(() => ({ status: 200, headers: {}, cutAfterBytes: 0 })),
  ),
];
