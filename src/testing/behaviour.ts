import type { AuthStyle } from './auth-style.js';
import type { ManifestFacts } from './manifest-facts.js';
import type { RegistryStore } from './registry-store.js';
import type { InterceptedRequest, RegistryAnswer } from './types.js';

/** What a profile knows about the registry it shapes. */
export interface World {
  /** `http://127.0.0.1:PORT` of the registry. */
  readonly origin: string;
  /** `127.0.0.1:PORT` of the registry. */
  readonly host: string;
  /** Origin of the other address; the registry's own where the profile has no other. */
  readonly elsewhere: string;
  readonly store: RegistryStore;
  /** What the caller of `startRegistry` wants on a page of referrers; absent leaves it to the profile. */
  readonly pageSize: number | undefined;
  /** The same for tags. */
  readonly tagsPageSize: number | undefined;
}

/** A manifest that is about to be stored. */
export interface PushedManifest {
  readonly repository: string;
  readonly mediaType: string;
  readonly facts: ManifestFacts;
}

type Maybe = RegistryAnswer | undefined;

/** One way a registry differs from a plain one; each hook that gives back nothing leaves things as they are. */
export interface Behaviour {
  /** Answers before anybody looks at credentials. */
  readonly unrouted?: ((request: InterceptedRequest) => Maybe) | undefined;
  /** Answers in place of the registry, credentials being fine. */
  readonly instead?: ((request: InterceptedRequest) => Maybe | Promise<Maybe>) | undefined;
  /** Refuses a manifest before it is stored. */
  readonly refusePush?: ((pushed: PushedManifest) => Maybe) | undefined;
  /** Changes an answer before it is sent, whoever gave it. */
  readonly change?: ((request: InterceptedRequest, answer: RegistryAnswer) => RegistryAnswer) | undefined;
  /** Answers at the other address. */
  readonly elsewhere?: ((request: InterceptedRequest) => Maybe | Promise<Maybe>) | undefined;
}

/** A behaviour that has an answer, or none, to everything. */
export type WholeBehaviour = { readonly [Hook in keyof Behaviour]-?: NonNullable<Behaviour[Hook]> };

/** What makes up the registry a profile stands for. */
export interface ProfileParts {
  /** False for a router that has no referrers API. */
  readonly referrersApi?: boolean | undefined;
  /** Ways to ask for credentials; the first counts where the caller does not choose. */
  readonly auth?: ((world: World) => readonly AuthStyle[]) | undefined;
  readonly behave?: ((world: World) => readonly Behaviour[]) | undefined;
  /** Whether there is another address. */
  readonly hasElsewhere?: boolean | undefined;
}

/** Makes one behaviour of several: the first answer counts, changes are made in order. */
export function combine(behaviours: readonly Behaviour[]): WholeBehaviour {
  return {
    unrouted: (request) => firstOf(behaviours, (one) => one.unrouted?.(request)),
    instead: async (request) => await firstOfAsync(behaviours, (one) => one.instead?.(request)),
    refusePush: (pushed) => firstOf(behaviours, (one) => one.refusePush?.(pushed)),
    change: (request, answer) => behaviours.reduce((last, one) => one.change?.(request, last) ?? last, answer),
    elsewhere: async (request) => await firstOfAsync(behaviours, (one) => one.elsewhere?.(request)),
  };
}

function firstOf(behaviours: readonly Behaviour[], ask: (one: Behaviour) => Maybe): Maybe {
  for (const one of behaviours) {
    const answer = ask(one);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

async function firstOfAsync(
  behaviours: readonly Behaviour[],
  ask: (one: Behaviour) => Maybe | Promise<Maybe>,
): Promise<Maybe> {
  for (const one of behaviours) {
    const answer = await ask(one);
    if (answer !== undefined) return answer;
  }
  return undefined;
}
