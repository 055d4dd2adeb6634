import { KeyedLock } from '../content/keyed-lock.js';

/**
 * The one piece of state all resolvers of a process share: two of them must not lose each other's referrers.
 *
 * @remarks Keys are origin, repository and subject, so it holds up nobody else.
 */
export const referrersLock: KeyedLock = new KeyedLock();
