import type { Behaviour } from '../behaviour.js';
import { combine, type World } from '../behaviour.js';
import { answerRequest } from '../handle.js';
import { UploadSessions } from '../upload-sessions.js';
import type { Profile } from './profile.js';

/** The other address is a plain registry over the same content. */
function forwarding({ store, elsewhere }: World): Behaviour {
  const uploads = new UploadSessions();
  const plain = combine([]);
  return {
    unrouted: ({ url }) => ({ status: 307, headers: { location: `${elsewhere}${url}` } }),
    elsewhere: async (request) =>
      await answerRequest({ request, store, uploads, options: {}, behaviour: plain }, undefined, false),
  };
}

export const redirectorProfiles: readonly Profile[] = [
  {
    name: 'k8s-redirector',
    row: 22,
    standsFor: 'registry.k8s.io: every path is a redirect to another registry, which answers',
    evidence: 'reported',
    notEstablished: ['headers besides Location'],
    parts: { hasElsewhere: true, behave: (world) => [forwarding(world)] },
  },
];
