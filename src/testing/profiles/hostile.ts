import type { Behaviour, World } from '../behaviour.js';
import type { Profile } from './profile.js';

/** Makes a profile that stands for no product: one thing no registry should do, on a registry that is right otherwise. */
export function hostile(name: Profile['name'], standsFor: string, behave: (world: World) => Behaviour): Profile {
  return {
    name,
    row: 24,
    standsFor,
    evidence: 'constructed',
    notEstablished: [],
    parts: { hasElsewhere: true, behave: (world) => [behave(world)] },
  };
}
