/** Type of what is signed (in-toto attestation v1, envelope.md). */
export const payloadType = 'application/vnd.in-toto+json';

/**
 * Makes the bytes that are signed: type and payload, each with its length, so that neither can be taken for the other.
 *
 * @see https://github.com/secure-systems-lab/dsse/blob/v1.0.2/protocol.md#signature-definition
 */
export function preAuthEncoding(payload: Uint8Array, type: string = payloadType): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `), payload]);
}
