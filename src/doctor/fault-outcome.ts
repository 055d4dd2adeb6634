import { isOciError, type OciError, type OciErrorCode, RegistryError } from '../errors/index.js';
import { codeOf } from '../http/network-faults.js';
import { escapeText } from '../oci/escape.js';
import type { CheckContext, Outcome } from './doctor-check.js';
import type { Login } from './doctor-login.js';
import type { DoctorFix } from './doctor-report.js';
import { loginFixes } from './login-advice.js';
import type { RegistryProduct } from './registry-product.js';
import { doctorCommand, type ShellCommands } from './shell-commands.js';

/** What the advice for a fault is written with. */
interface Scene {
  readonly error: OciError;
  readonly context: CheckContext;
  readonly product: RegistryProduct;
  readonly shell: ShellCommands;
  readonly login: Login | undefined;
}

const certificateFault = /CERT|SELF_SIGNED|ISSUER|LEAF_SIGNATURE|ALTNAME/;
const loginFaults: ReadonlySet<string> = new Set(['ERR_OCI_UNAUTHORIZED', 'ERR_OCI_DENIED', 'ERR_OCI_CREDENTIALS']);
/** A certificate that nothing is wrong with but the name. */
const nameOfCertificate = /ALTNAME/;
const noTls = /^(?:EPROTO|ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_PACKET_LENGTH_TOO_LONG)$/;
const nameFault = /^(?:ENOTFOUND|EAI_AGAIN)$/;

/** Makes a failed check of what it threw. */
export async function faultOutcome(error: unknown, context: CheckContext): Promise<Outcome> {
  if (!isOciError(error)) return programFault(error);
  const asked = context.login().catch(() => undefined);
  const [product, shell, login] = await Promise.all([context.product(), context.shell(), asked]);
  const scene: Scene = { error, context, product, shell, login };
  const [first, ...others] = fixesFor(scene);
  const hint = error.hint === undefined ? [] : [{ title: error.hint, commands: first?.commands ?? [] }];
  return {
    severity: 'fail',
    message: escapeText(error.message, 1024),
    evidence: { error_code: error.code, status: error instanceof RegistryError ? error.status : undefined },
    likelyCauses: causesOf(scene),
    howToFix: hint.length > 0 ? [...hint, ...others] : first === undefined ? [] : [first, ...others],
  };
}

function programFault(error: unknown): Outcome {
  const said = error instanceof Error ? error.message : String(error);
  return {
    severity: 'fail',
    message: `the check ended in a fault of its own: ${escapeText(said, 512)}`,
    likelyCauses: ['a fault of oci-referrers'],
    howToFix: [{ title: 'report it, with what the library logs (DEBUG=oci-referrers:*) meanwhile', commands: [] }],
  };
}

const causes: Readonly<Partial<Record<OciErrorCode, readonly string[]>>> = {
  ERR_OCI_NETWORK: [
    'the registry is not running, or listens on another port',
    'a firewall, a proxy or DNS on this machine is in the way',
  ],
  ERR_OCI_TIMEOUT: [
    'a firewall drops what is sent to the registry',
    'the registry, or a proxy in front of it, is overloaded',
  ],
  ERR_OCI_UNAUTHORIZED: ['the credentials are wrong, or have expired'],
  ERR_OCI_DENIED: ['the account may not do this', 'the repository does not exist, and the registry does not say so'],
  ERR_OCI_RATE_LIMITED: ['too many requests, of this client or of others behind the same address'],
  ERR_OCI_CREDENTIALS: ["Docker's configuration, a credential helper, or what it gives cannot be used"],
  ERR_OCI_REALM_REFUSED: ['the registry names a token service that credentials must not be sent to'],
  ERR_OCI_REDIRECT_REFUSED: ['the registry, or a proxy in front of it, sends requests where they must not go'],
  ERR_OCI_BAD_CONTENT_TYPE: ['a proxy, firewall or login page answered in place of the registry'],
};

function causesOf({ error, product, login }: Scene): readonly string[] {
  const code = codeOf(error.cause);
  if (nameOfCertificate.test(code)) {
    return [
      'the registry is asked for by another name than its certificate has, such as an address',
      'a proxy or load balancer in between shows the certificate of another site',
    ];
  }
  if (noTls.test(code)) return ['the registry speaks plain HTTP on this port', 'the port belongs to another service'];
  if (certificateFault.test(code)) {
    return [
      'the certificate has expired, or is signed by an authority this machine does not know',
      'a proxy in between puts its own certificate there',
    ];
  }
  if (nameFault.test(code)) return ['the name is misspelt', 'DNS on this machine does not know the name'];
  // Who may not see a repository is not told whether there is one.
  const hidden = product.id === 'quay' || product.id === 'harbor' || product.id === 'google';
  const isRefusal = error.code === 'ERR_OCI_UNAUTHORIZED' || error.code === 'ERR_OCI_DENIED';
  const more = hidden && isRefusal ? [`the repository does not exist: ${product.name} then says the same`] : [];
  if (isRefusal && login?.method === 'anonymous') {
    return ['the registry does not let everybody do this, and no credentials were given', ...more];
  }
  if (error instanceof RegistryError && error.status >= 500) {
    return ['the registry has a fault', 'a proxy in front of it does not reach it'];
  }
  return [
    ...(causes[error.code] ?? ['the registry, or a proxy in front of it, answers as no registry should']),
    ...more,
  ];
}

function fixesFor({ error, context, product, shell, login }: Scene): readonly DoctorFix[] {
  const code = codeOf(error.cause);
  const { target } = context;
  if (nameOfCertificate.test(code)) {
    return [
      {
        title: 'look for the names in the certificate, and ask for the registry by one of them',
        commands: [shell.certificate],
      },
    ];
  }
  if (noTls.test(code)) {
    const url = target.url.replace(/^https:/, 'http:');
    return [{ title: 'speak plain HTTP to it', commands: [doctorCommand({ ...target, url }, undefined)] }];
  }
  if (certificateFault.test(code)) {
    return [
      { title: 'look at the certificate', commands: [shell.certificate] },
      {
        title: 'where it is signed by an authority of your own, trust that one',
        commands: [doctorCommand(target, undefined, '--ca-file CA.pem')],
      },
    ];
  }
  if (nameFault.test(code)) return [{ title: 'look the name up', commands: [shell.lookUp] }];
  if (error.code === 'ERR_OCI_RATE_LIMITED') {
    return [{ title: 'wait and try again', commands: [] }, ...loginFixes(target, product, login?.source)];
  }
  if (loginFaults.has(error.code)) return loginFixes(target, product, login?.source);
  if (error.code === 'ERR_OCI_NETWORK' || error.code === 'ERR_OCI_TIMEOUT') {
    return [{ title: 'see how far a connection comes', commands: [shell.connect] }];
  }
  return [{ title: 'look at the answer itself', commands: [...shell.login, shell.base] }];
}
