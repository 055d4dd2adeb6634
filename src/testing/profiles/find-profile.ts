import { ArgumentError } from '../../errors/index.js';
import { acrProfiles } from './acr.js';
import { artifactoryProfiles } from './artifactory.js';
import { conformantProfiles } from './conformant.js';
import { deadProxyProfiles } from './dead-proxy.js';
import { distributionProfiles } from './distribution.js';
import { dockerHubProfiles } from './docker-hub.js';
import { ecrProfiles } from './ecr.js';
import { ggcrProfiles } from './ggcr.js';
import { ghcrProfiles } from './ghcr.js';
import { giteaProfiles } from './gitea.js';
import { gitlabProfiles } from './gitlab.js';
import { googleProfiles } from './google.js';
import { harborProfiles } from './harbor.js';
import { hostileAnswers } from './hostile-answers.js';
import { hostileLinks } from './hostile-links.js';
import { hostileLists } from './hostile-lists.js';
import { nexusProfiles } from './nexus.js';
import { olaregProfiles } from './olareg.js';
import type { Profile, RegistryProfile } from './profile.js';
import { quayProfiles } from './quay.js';
import { redirectorProfiles } from './redirector.js';
import { zotProfiles } from './zot.js';

const profiles: ReadonlyMap<string, Profile> = new Map(
  [
    ...conformantProfiles,
    ...ghcrProfiles,
    ...distributionProfiles,
    ...gitlabProfiles,
    ...googleProfiles,
    ...quayProfiles,
    ...harborProfiles,
    ...dockerHubProfiles,
    ...ecrProfiles,
    ...acrProfiles,
    ...artifactoryProfiles,
    ...olaregProfiles,
    ...zotProfiles,
    ...ggcrProfiles,
    ...giteaProfiles,
    ...nexusProfiles,
    ...redirectorProfiles,
    ...deadProxyProfiles,
    ...hostileLists,
    ...hostileLinks,
    ...hostileAnswers,
  ]
    .sort((one, other) => one.row - other.row)
    .map((profile) => [profile.name, profile]),
);

/**
 * Every profile a test registry can behave like, by its row in `docs/profiles.md`.
 *
 * @example
 * ```ts
 * import { registryProfiles, startRegistry } from '@stellaops/oci-referrers/testing';
 *
 * for (const { name } of registryProfiles.filter(({ row }) => row < 24)) {
 *   await using registry = await startRegistry({ profile: name });
 *   console.log(name, (await fetch(`${registry.origin}/v2/`)).status);
 * }
 * ```
 */
export const registryProfiles: readonly RegistryProfile[] = [...profiles.values()].map(
  ({ name, row, standsFor, evidence, notEstablished }) => ({ name, row, standsFor, evidence, notEstablished }),
);

/** Finds a profile by its name; throws `ArgumentError` `ERR_OCI_INVALID_OPTION` where there is none. */
export function findProfile(name: string): Profile {
  const profile = profiles.get(name);
  if (profile !== undefined) return profile;
  throw new ArgumentError('ERR_OCI_INVALID_OPTION', `profile ${JSON.stringify(name)} is not one that is known`, {
    argument: 'profile',
    hint: `known are ${[...profiles.keys()].join(', ')}`,
  });
}
