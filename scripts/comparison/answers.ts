import type { Descriptor } from '@stellaops/oci-referrers';
import type { RegistryAnswer, TestRegistryOptions } from '@stellaops/oci-referrers/testing';

export const indexType = 'application/vnd.oci.image.index.v1+json';

/** Makes an answer; an object becomes JSON. */
export function answer(
  status: number,
  type: string,
  body: unknown,
  headers: Record<string, string> = {},
): RegistryAnswer {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { status, headers: { 'content-type': type, ...headers }, body: Buffer.from(text) };
}

/** An error answer in the form of the specification. */
export function refusal(status: number, code: string): RegistryAnswer {
  return answer(status, 'application/json', { errors: [{ code, message: 'no' }] });
}

/** An OCI index as the referrers API gives it. */
export function indexOf(...manifests: readonly Descriptor[]): Record<string, unknown> {
  return { schemaVersion: 2, mediaType: indexType, manifests };
}

/** A registry whose referrers endpoint gives one fixed answer. */
export function fixedList(fixed: RegistryAnswer): TestRegistryOptions {
  return { rewrite: (request, own) => (request.endpoint === 'referrers' ? fixed : own) };
}

/** A registry whose second page of referrers is a fixed answer; the first lists one. */
export function fixedSecondPage(fixed: RegistryAnswer): TestRegistryOptions {
  return {
    pageSize: 1,
    rewrite: (request, own) => (request.endpoint === 'referrers' && request.query.has('last') ? fixed : own),
  };
}

/** A page somebody has to log in on. */
export const loginPage: RegistryAnswer = answer(200, 'text/html', '<!doctype html><title>Sign in</title>');
