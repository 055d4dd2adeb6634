import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readSmallFile } from '../../content/read-small-file.js';

/** Makes the error for a file of certificates or keys; the reason goes on from the file. */
export type PemFault = (file: string, reason: string, cause?: unknown) => Error;

/** Larger than a bundle of every public authority. */
const maxPemBytes = 1024 * 1024;
const begin = '-----BEGIN CERTIFICATE-----';
const end = '-----END CERTIFICATE-----';

/** Reads the certificates of a PEM file, at least one, and leaves everything else in it behind. */
export async function readCertificates(file: string, fault: PemFault): Promise<string> {
  return certificatesIn(await readPem(file, fault), file, fault).join('\n');
}

/** Reads a client certificate and its key, which may be in one file, and checks that they belong together. */
export async function readClientCertificate(
  certFile: string,
  keyFile: string,
  fault: PemFault,
): Promise<{ cert: string; key: string }> {
  const certificates = certificatesIn(await readPem(certFile, fault), certFile, fault);
  const text = await readPem(keyFile, fault);
  let key: KeyObject;
  try {
    key = createPrivateKey(text);
  } catch (cause) {
    throw fault(keyFile, 'holds no private key in PEM form that can be read without a passphrase', cause);
  }
  if (!new X509Certificate(certificates[0] ?? '').checkPrivateKey(key)) {
    throw fault(keyFile, `holds a key that does not belong to the first certificate of ${certFile}`);
  }
  return { cert: certificates.join('\n'), key: key.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

async function readPem(file: string, fault: PemFault): Promise<string> {
  const bytes = await readSmallFile(file, maxPemBytes, (reason, cause) => fault(file, reason, cause));
  if (bytes === undefined) throw fault(file, 'is not there');
  return bytes.toString('latin1');
}

function certificatesIn(text: string, file: string, fault: PemFault): readonly string[] {
  const blocks: string[] = [];
  let from = text.indexOf(begin);
  while (from >= 0) {
    const to = text.indexOf(end, from);
    // Whatever follows has no end either.
    const block = to < 0 ? text.slice(from) : text.slice(from, to + end.length);
    assertCertificate(block, (cause) =>
      fault(file, `holds a certificate that cannot be read, number ${blocks.length + 1}`, cause),
    );
    blocks.push(block);
    from = to < 0 ? -1 : text.indexOf(begin, to);
  }
  if (blocks.length === 0) throw fault(file, 'holds no certificate in PEM form');
  return blocks;
}

function assertCertificate(block: string, fault: (cause: unknown) => Error): void {
  try {
    new X509Certificate(block);
  } catch (cause) {
    throw fault(cause);
  }
}
