import type { DoctorTarget } from './doctor-check.js';
import type { DoctorFix } from './doctor-report.js';
import type { ProductId, RegistryProduct } from './registry-product.js';

/** What may be behind something, and what to do about it. */
export interface Advice {
  readonly causes: readonly string[];
  readonly fixes: readonly DoctorFix[];
}

const fix = (title: string, ...commands: readonly string[]): DoctorFix => ({ title, commands });

/** What is known of products that answer as if there were no referrers API. */
const known: Readonly<Partial<Record<ProductId, Advice>>> = {
  acr: {
    causes: ['the registry encrypts with a key of its own (CMK): such registries have no referrers API'],
    fixes: [fix('use a registry without a customer-managed key for images whose referrers are looked for often')],
  },
  artifactory: {
    causes: ['Artifactory is older than 7.90.1, or the repository is of the type Docker instead of OCI'],
    fixes: [fix('upgrade Artifactory to 7.90.1 or later, and keep the images in a repository of the type OCI')],
  },
  distribution: {
    causes: ['CNCF distribution has no referrers API in any release up to 3.1, whatever its version'],
    fixes: [
      fix('where the API is wanted, move to a registry that has it: Harbor 2.11, Quay 3.12, zot or olareg, or later'),
    ],
  },
  'docker-hub': {
    causes: ['Docker Hub has had the API since late 2025: a proxy or mirror between here and it may not'],
    fixes: [fix('look for a proxy or a mirror in front of Docker Hub: registry mirrors, HTTPS_PROXY, hosts.toml')],
  },
  ecr: {
    causes: ['Amazon ECR has had the API since June 2024: a proxy or mirror between here and it may not'],
    fixes: [fix('look for a proxy, a pull-through cache or a VPC endpoint between here and ECR')],
  },
  ghcr: {
    causes: ['GitHub Container Registry has no referrers API: it sends the question to its web site'],
    fixes: [
      fix(
        'nothing is to be fixed there; keep clean-up jobs away from tags that begin with sha256-, and from untagged versions',
      ),
    ],
  },
  gitea: {
    causes: ['Gitea and Forgejo have no referrers API'],
    fixes: [fix('where the API is wanted, move to a registry that has it')],
  },
  gitlab: {
    causes: ['the GitLab container registry has no referrers API'],
    fixes: [
      fix(
        'attach nothing by the referrers tag there with other tools: GitLab takes that tag for the image itself, and replacing it can delete the image',
      ),
    ],
  },
  google: {
    causes: ["Google's registries send whoever may not see the repository to their login page"],
    fixes: [fix('give credentials that may read the repository, and look whether the answer stays the same')],
  },
  harbor: {
    causes: ['Harbor is older than 2.8; a correct list comes with 2.11'],
    fixes: [
      fix('upgrade Harbor to 2.11 or later', 'helm repo update && helm upgrade harbor harbor/harbor --reuse-values'),
    ],
  },
  nexus: {
    causes: ['Nexus follows OCI 1.0, which has no referrers API'],
    fixes: [fix('where the API is wanted, move to a registry that has it')],
  },
  olareg: {
    causes: ['olareg was started with --api-referrer=false'],
    fixes: [fix('start olareg without --api-referrer=false')],
  },
  quay: {
    causes: ['Quay is older than 3.12, or FEATURE_REFERRERS_API is false in its config.yaml'],
    fixes: [fix('upgrade Quay to 3.12 or later, and set FEATURE_REFERRERS_API: true in its config.yaml')],
  },
};

const general: Advice = {
  causes: [
    'the registry does not know the OCI distribution specification 1.1, or is too old for it',
    'the referrers API is switched off in its configuration',
  ],
  fixes: [
    fix(
      'upgrade to a version with the API: Harbor 2.11, Quay 3.12, Artifactory 7.90.1, zot; ECR, ACR, Docker Hub have it (CNCF distribution has not)',
    ),
  ],
};

/**
 * Says why a registry may answer as if it had no referrers API, and what to do.
 *
 * @param seen - `isProxyLikely` for an answer that no registry gives, such as a page for people; `readsTags` where the
 * fallback is on
 */
export function noReferrersAdvice(
  target: DoctorTarget,
  { id }: RegistryProduct,
  { isProxyLikely, readsTags }: { readonly isProxyLikely: boolean; readonly readsTags: boolean },
): Advice {
  const { causes, fixes } = known[id] ?? general;
  const proxy = isProxyLikely ? ['a proxy, firewall or login page answered in place of the registry'] : [];
  const work = fix(
    'meanwhile nothing is lost: the referrers tag is read instead, and an empty list is only shown when confirmed',
    `oci-referrers discover ${target.reference}${target.url.startsWith('http:') ? ' --plain-http' : ''}`,
  );
  return { causes: [...causes, ...proxy], fixes: readsTags ? [...fixes, work] : fixes };
}
