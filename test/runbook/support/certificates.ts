import { join } from 'node:path';
import { run } from '../../interop/support/tools.js';

/** Key and certificate of a server, as files. */
export interface Identity {
  readonly key: string;
  readonly cert: string;
}

/** An authority that clients are told to trust, and three servers. */
export interface Certificates {
  /** The authority's certificate. */
  readonly authority: string;
  /** For every name that is given, and for loopback. */
  readonly server: Identity;
  /** For a name that is none of them. */
  readonly misnamed: Identity;
  /** For the names, by an authority that nobody trusts. */
  readonly stranger: Identity;
}

const keyFlags = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Makes them in a directory; good for two days. */
export async function makeCertificates(directory: string, names: readonly string[]): Promise<Certificates> {
  const issue = async (name: string, subject: string, ...flags: readonly string[]): Promise<Identity> => {
    const files = { key: join(directory, `${name}.key`), cert: join(directory, `${name}.pem`) };
    const out = ['-keyout', files.key, '-out', files.cert, '-days', '2', '-subj', `/CN=${subject}`];
    await run('openssl', ['req', '-x509', ...keyFlags, ...out, ...flags], directory);
    return files;
  };
  const authority = await issue('authority', 'Runbook authority');
  const by = ['-CA', authority.cert, '-CAkey', authority.key, '-addext', 'basicConstraints=critical,CA:FALSE'];
  const [first = 'localhost'] = names;
  const elsewhere = 'elsewhere.example.net';
  return {
    authority: authority.cert,
    server: await issue('server', first, ...by, ...alternatives(names)),
    misnamed: await issue('misnamed', elsewhere, ...by, ...alternatives([elsewhere])),
    stranger: await issue('stranger', first, ...alternatives(names)),
  };
}

function alternatives(names: readonly string[]): readonly string[] {
  const all = [...names.map((name) => `DNS:${name}`), 'IP:127.0.0.1'];
  return ['-addext', `subjectAltName=${all.join(',')}`];
}
