import type { Profile } from './profile.js';

export const conformantProfiles: readonly Profile[] = [
  {
    name: 'conformant-1.1',
    row: 1,
    standsFor: 'distribution-spec v1.1.1 to the letter; for Cloudsmith and all that claim no more',
    evidence: 'constructed',
    notEstablished: [],
    parts: {},
  },
];
