import { parseRealm } from '../auth/realm.js';
import { isManifestType, manifestAccept, mediaTypes } from '../oci/media-types.js';
import type { ResolvedOptions } from '../remotes/options.js';
import type { DoctorTarget } from './doctor-check.js';
import type { Login } from './doctor-login.js';
import type { DoctorCheckId } from './doctor-report.js';
import { challengeOf, type FrontDoor } from './front-door.js';

/** Commands of a shell that ask this registry the same by hand. */
export interface ShellCommands {
  /** Asks the base endpoint. */
  readonly base: string;
  /** Fetches what the other commands need to be let in; empty where that is nothing. */
  readonly login: readonly string[];
  /** Asks for the digest of the test image. */
  readonly digest: string;
  /** Asks for the referrers of a digest. */
  readonly referrers: (digest: string) => string;
  /** Shows the certificate. */
  readonly certificate: string;
  /** Looks up the name. */
  readonly lookUp: string;
  /** Shows how far a connection comes. */
  readonly connect: string;
}

/** What the commands depend on. */
export interface ShellScene {
  readonly target: DoctorTarget;
  readonly login: Login | undefined;
  readonly door: FrontDoor | undefined;
  readonly options: Pick<ResolvedOptions, 'tokenRealms'>;
}

const userAndPassword = '-u "$OCI__Username:$OCI__Password"';

/** Writes the commands; passwords and tokens stand there by the name of a variable alone. */
export function createShellCommands(scene: ShellScene): ShellCommands {
  const { target } = scene;
  const { url, repository, tag } = target;
  const repositoryUrl = `${url}/v2/${repository}`;
  const { hostname, port, host, protocol } = new URL(url);
  const address = `${hostname}:${port === '' ? (protocol === 'https:' ? 443 : 80) : port}`;
  const entry = entryOf(scene);
  const accept = manifestAccept.split(', ').filter(isManifestType);
  return {
    base: `curl -sSi ${url}/v2/`,
    login: entry.commands,
    digest: lines(
      `DIGEST=$(curl -sSI${entry.flag}`,
      ...accept.map((type) => `-H "Accept: ${type}"`),
      `${repositoryUrl}/manifests/${tag}`,
      `| tr -d '\\r' | awk 'tolower($1) == "docker-content-digest:" {print $2}')`,
    ),
    referrers: (digest) =>
      lines(`curl -sSi${entry.flag}`, `-H "Accept: ${mediaTypes.ociIndex}"`, `${repositoryUrl}/referrers/${digest}`),
    certificate: lines(
      `openssl s_client -connect ${address} -servername ${hostname} </dev/null`,
      '| openssl x509 -noout -subject -issuer -dates -ext subjectAltName',
    ),
    lookUp: `getent hosts ${hostname}`,
    connect: `curl -v --max-time 10 -o /dev/null ${protocol}//${host}/v2/`,
  };
}

interface Entry {
  readonly commands: readonly string[];
  readonly flag: string;
}

function entryOf({ target, login, door, options }: ShellScene): Entry {
  if (door === undefined || door.asksFor === 'none') return { commands: [], flag: '' };
  if (login?.method === 'bearer') return { commands: [], flag: ' -H "Authorization: Bearer $OCI__Token"' };
  if (door.asksFor === 'basic') return { commands: [], flag: ` ${userAndPassword}` };
  const parameters = challengeOf(door, 'bearer');
  const realm = parameters?.get('realm');
  const service = parameters?.get('service');
  const flag = ' -H "Authorization: Bearer $TOKEN"';
  let url: URL;
  try {
    // Nobody pastes a line that sends a password to where this client would not send it.
    url = parseRealm(realm ?? '', target.url, options.tokenRealms);
  } catch {
    return { commands: [], flag };
  }
  if (service !== undefined) url.searchParams.set('service', service);
  url.searchParams.append('scope', `repository:${target.repository}:pull`);
  const user = login?.method === 'anonymous' ? '' : ` ${userAndPassword}`;
  return {
    commands: [lines(`TOKEN=$(curl -sS${user}`, quoteWord(url.href), "| jq -r '.token // .access_token')")],
    flag,
  };
}

/** The command that runs the doctor at this registry, with more flags. */
export function doctorCommand(
  { url, commandFlags }: DoctorTarget,
  check: DoctorCheckId | undefined,
  ...flags: readonly string[]
): string {
  const first = check === undefined ? 'oci-referrers doctor run' : `oci-referrers doctor run --check ${check}`;
  const repeated = Object.entries(commandFlags).map(([flag, value]) =>
    value === true ? flag : `${flag} ${quoteWord(value)}`,
  );
  return lines(first, `--registry-url ${url}`, ...repeated, ...flags);
}

/** A command over several lines. */
function lines(first: string, ...others: readonly string[]): string {
  return [first, ...others].join(' \\\n  ');
}

/** What a registry said becomes one word to a shell, whatever is in it. */
export function quoteWord(text: string): string {
  return /^[A-Za-z0-9_./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
