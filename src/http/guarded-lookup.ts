import { promises as dns, type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { scopeOfAddress, scopeOfHostname } from './address-scope.js';

/** Code of the error that {@link createGuardedLookup} gives for an address it refuses. */
export const addressRefusedCode = 'OCI_ADDRESS_REFUSED';

/**
 * Creates a look-up for connections that a registry asked for: a name that leads to this machine or to its link is
 * refused unless the registry is there too.
 *
 * @remarks It runs when the socket connects, so a name that changes its address between check and use gains nothing.
 * Addresses written in a URL never come here: they are checked where the URL is.
 * @param registryHostname - `URL.hostname` of the registry
 */
export function createGuardedLookup(registryHostname: string): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        callback(error, '');
        return;
      }
      assertReachable(hostname, addresses, registryHostname).then(
        () => {
          answer(options, addresses, callback);
        },
        (refusal: unknown) => {
          callback(refusal as NodeJS.ErrnoException, '');
        },
      );
    });
  };
}

function answer(options: LookupOptions, found: LookupAddress[], callback: Parameters<LookupFunction>[2]): void {
  const first = found[0];
  if (options.all === true || first === undefined) callback(null, found);
  else callback(null, first.address, first.family);
}

async function assertReachable(hostname: string, found: readonly LookupAddress[], registry: string): Promise<void> {
  const near = new Set(found.map(({ address }) => scopeOfAddress(address)).filter((scope) => scope !== 'other'));
  if (near.size === 0) return;
  const own = await scopesOfName(registry);
  const refused = [...near].find((scope) => !own.has(scope));
  if (refused === undefined) return;
  throw Object.assign(new Error(`${hostname} leads to a ${refused} address`), { code: addressRefusedCode });
}

async function scopesOfName(hostname: string): Promise<Set<string>> {
  const spelled = scopeOfHostname(hostname);
  if (spelled !== 'other' || hostname.startsWith('[')) return new Set([spelled]);
  const addresses = await dns.lookup(hostname, { all: true }).catch((): LookupAddress[] => []);
  return new Set(addresses.map(({ address }) => scopeOfAddress(address)));
}
