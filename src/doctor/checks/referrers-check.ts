import type { BufferedResponse } from '../../http/types.js';
import type { Descriptor } from '../../oci/descriptor.js';
import { mediaTypeOf } from '../../oci/media-types.js';
import { referrersTag } from '../../oci/referrers-tag.js';
import { judgeReferrersAnswer, type ReferrersVerdict } from '../../remotes/referrers-answer.js';
import type { CheckContext, DoctorCheck, Outcome } from '../doctor-check.js';
import { noReferrersAdvice } from '../referrers-advice.js';
import { productOf, type RegistryProduct } from '../registry-product.js';
import { findTestImage, imageMissing } from './pull-check.js';

type Unsupported = Extract<ReferrersVerdict, { kind: 'unsupported' }>;

/** Whether the registry lists referrers by the API of OCI 1.1. */
export const referrersCheck: DoctorCheck = {
  id: 'check.integration.oci.referrers',
  title: 'OCI registry referrers API support',
  tags: ['registry', 'oci', 'referrers', 'compatibility', 'oci-1.1'],
  defaultSeverity: 'warn',
  relatedChecks: ['check.integration.oci.capabilities', 'check.integration.oci.registry', 'check.integration.oci.pull'],
  run: async (context) => {
    const image = await findTestImage(context);
    if (image === undefined) return await imageMissing(context, 'the referrers API was not asked');
    const { options, signal } = context;
    const at = context.at('referrers');
    const bound = { limitName: 'maxManifestBytes', limit: options.limits.maxManifestBytes };
    const answer = await at.referrersPage(at.referrersUrl(image.digest, undefined), bound, { signal });
    const verdict = judgeReferrersAnswer(answer, at.describe(`referrers of ${image.digest}`), options.fallbackOn);
    if (verdict.kind === 'error') throw verdict.error;
    const evidence = describe(image, answer, verdict);
    if (verdict.kind === 'list') return supported(answer, verdict, evidence);
    return await unsupported(context, image, { answer, verdict, evidence });
  },
};

function describe(
  image: Descriptor,
  answer: BufferedResponse,
  { rule }: ReferrersVerdict,
): NonNullable<Outcome['evidence']> {
  return {
    status: answer.status,
    digest: image.digest,
    content_type: answer.headers.quote('content-type', 128),
    rule,
    redirected_to: answer.leftOrigin ? answer.url.host : undefined,
  };
}

function supported(
  { status }: BufferedResponse,
  { index, warning }: Extract<ReferrersVerdict, { kind: 'list' }>,
  evidence: NonNullable<Outcome['evidence']>,
): Outcome {
  const count = index.manifests.length;
  const how = status === 200 ? '' : ` (a list in a ${status}, which counts as one)`;
  const odd = warning === undefined ? '' : `; ${warning}`;
  return {
    severity: 'pass',
    message: `the referrers API is there${how}; ${count === 0 ? 'nothing refers' : `${count} on the first page refer`} to the test image${odd}`,
    evidence: { ...evidence, referrers_api: true, referrers: count },
  };
}

interface Seen {
  readonly answer: BufferedResponse;
  readonly verdict: Unsupported;
  readonly evidence: NonNullable<Outcome['evidence']>;
}

async function unsupported(
  context: CheckContext,
  image: Descriptor,
  { answer, verdict, evidence }: Seen,
): Promise<Outcome> {
  const { target, options } = context;
  const product = productBehind(await context.product(), answer);
  const { causes, fixes } = noReferrersAdvice(target, product, {
    isProxyLikely: verdict.isWeak && answer.status === 200,
    readsTags: options.fallbackHosts,
  });
  const { login, referrers } = await context.shell();
  const look = { title: 'see what the registry answers', commands: [...login, referrers(image.digest)] };
  const { fallbackHosts } = options;
  return {
    severity: 'warn',
    message: `${target.registry} has no referrers API (${reasonOf(answer)}); ${
      fallbackHosts
        ? 'referrers are looked for under their tag'
        : 'and the fallback is off, so referrers cannot be found'
    }`,
    evidence: {
      ...evidence,
      referrers_api: false,
      fallback_tag: fallbackHosts ? referrersTag(image.digest) : undefined,
      registry_product: product.id === 'unknown' ? undefined : product.name,
    },
    likelyCauses: causes,
    howToFix: [look, ...fixes],
  };
}

/** The answer itself may tell more than the host: what Go's router says is the sign of distribution. */
function productBehind(
  product: RegistryProduct,
  { status, headers, bytes, leftOrigin, url }: BufferedResponse,
): RegistryProduct {
  if (product.id !== 'unknown') return product;
  if (leftOrigin && url.pathname.startsWith('/-/v2/packages/container/')) return productOf('ghcr');
  if (leftOrigin && url.pathname.startsWith('/v3/signin/')) return productOf('google');
  const isDistribution =
    status === 404 &&
    headers.get('docker-distribution-api-version') !== undefined &&
    bytes.toString() === '404 page not found\n';
  return isDistribution ? productOf('distribution') : product;
}

function reasonOf({ status, headers, leftOrigin, url }: BufferedResponse): string {
  const type = mediaTypeOf(headers.quote('content-type', 128)) || 'no content type';
  return leftOrigin ? `it sends the question to ${url.host}, which says ${status}` : `${status}, ${type}`;
}
