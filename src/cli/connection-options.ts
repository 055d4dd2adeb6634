import { stat } from 'node:fs/promises';
import type { CredentialProvider, Logger, ResolverOptions, TlsOptions } from '../index.js';
import { createHostsDirectory, escapeText } from '../index.js';
import type { CommandContext } from './command-context.js';
import type { ConnectionFlags } from './connection-flags.js';
import { readInput, readInputFile } from './read-input.js';
import { UsageError } from './usage-error.js';

/** What a single request may take by default. */
const requestMs = 30_000;
const maxSecretBytes = 64 * 1024;
const maxPemBytes = 4 * 1024 * 1024;

/**
 * Makes the options of a resolver from the flags; what is secret goes to the named registries and nowhere else.
 *
 * @param registries - the registries the command line names, as references have them
 */
export async function connectionOptions(
  flags: ConnectionFlags,
  registries: readonly string[],
  context: CommandContext,
): Promise<ResolverOptions> {
  const names = [...new Set(registries)];
  const hosts = names.flatMap(hostsOf);
  const perHost = <Value>(value: Value): Record<string, Value> =>
    Object.fromEntries(hosts.map((host) => [host, value]));
  const tls = await readTls(flags, context);
  const credentials = await readCredentials(flags, names, context);
  const { hostsDir, registryConfig } = flags;
  await assertThere(hostsDir, '--hosts-dir', 'directory');
  await assertThere(registryConfig, '--registry-config', 'file');
  return {
    fallbackHosts: flags.fallback,
    ...(flags.fallbackOn === undefined ? {} : { fallbackOn: flags.fallbackOn }),
    logger: createLogger(context),
    onWarning: ({ host, text }) => {
      context.output.warn(escapeText(`${host}: ${text}`));
    },
    ...(hostsDir === undefined ? {} : { hosts: createHostsDirectory(hostsDir) }),
    ...(registryConfig === undefined ? {} : { registryConfig }),
    ...(flags.plainHttp === true ? { plainHttp: hosts } : {}),
    ...(tls === undefined ? {} : { tls: perHost(tls) }),
    ...(flags.header === undefined ? {} : { headers: perHost(Object.fromEntries(flags.header)) }),
    ...(flags.timeout === undefined ? {} : { timeouts: timeoutsOf(flags.timeout * 1000) }),
    ...(credentials === undefined ? {} : { credentials }),
  };
}

/** What is in it counts when a registry is asked; a path that is wrong is a fault of the command line. */
async function assertThere(path: string | undefined, flag: string, kind: 'directory' | 'file'): Promise<void> {
  if (path === undefined) return;
  const found = await stat(path).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const hint = 'check the path: it starts at the current directory unless it begins with /';
    throw new UsageError(`${flag}: ${path} cannot be used: ${reason}`, { hint, cause });
  });
  if (kind === 'directory' ? found.isDirectory() : found.isFile()) return;
  throw new UsageError(`${flag}: ${path} is no ${kind}`, { hint: `name a ${kind}` });
}

/** Whoever gives a list three seconds does not wait half a minute for the answer before it; more time is for lists alone. */
function timeoutsOf(discoveryMs: number): NonNullable<ResolverOptions['timeouts']> {
  return { discoveryMs, ...(discoveryMs < requestMs ? { requestMs: discoveryMs } : {}) };
}

/** Docker Hub is asked at another host than references name. */
function hostsOf(registry: string): readonly string[] {
  return registry === 'docker.io' ? ['docker.io', 'registry-1.docker.io'] : [registry];
}

async function readTls(flags: ConnectionFlags, { signal }: CommandContext): Promise<TlsOptions | undefined> {
  const { caFile, cert, keyFile, insecure } = flags;
  if ((cert === undefined) !== (keyFile === undefined)) {
    throw new UsageError('--cert and --key-file belong together', { hint: 'give both, or neither' });
  }
  const read = async (path: string | undefined, flag: string): Promise<string | undefined> => {
    if (path === undefined) return undefined;
    const text = (await readInputFile(path, flag, { maxBytes: maxPemBytes, signal })).toString();
    // Node takes a file without any for no authorities, and the fault shows as a certificate that nobody trusts.
    if (text.includes('-----BEGIN ')) return text;
    const hint =
      'name a PEM file, which has a line -----BEGIN …; from DER: openssl x509 -inform der -in FILE -out FILE.pem';
    throw new UsageError(`${flag}: ${path} has nothing in PEM form`, { hint });
  };
  const tls = {
    ca: await read(caFile, '--ca-file'),
    cert: await read(cert, '--cert'),
    key: await read(keyFile, '--key-file'),
    rejectUnauthorized: insecure === true ? false : undefined,
  };
  return Object.values(tls).every((value) => value === undefined) ? undefined : tls;
}

async function readCredentials(
  { username, passwordStdin }: ConnectionFlags,
  registries: readonly string[],
  { io, signal }: CommandContext,
): Promise<CredentialProvider | undefined> {
  if (username === undefined && passwordStdin !== true) return undefined;
  if (username === undefined || passwordStdin !== true) {
    throw new UsageError('--username and --password-stdin belong together', {
      hint: 'write the password to standard input: … --username NAME --password-stdin < FILE',
    });
  }
  if (registries.length > 1) {
    throw new UsageError(`--username is for one registry, and this command names ${registries.join(' and ')}`, {
      hint: 'log in to each with docker login, and leave --username out',
    });
  }
  const bytes = await readInput(io.stdin, 'the password on standard input', { maxBytes: maxSecretBytes, signal });
  const password = bytes.toString().replace(/\r?\n$/, '');
  if (password === '') {
    throw new UsageError('--password-stdin: standard input is empty', {
      hint: 'write the password to it: … --password-stdin < FILE',
    });
  }
  return (host) => (registries.includes(host) ? { username, password } : undefined);
}

function createLogger({ output }: CommandContext): Logger {
  const at =
    (level: string, write: (line: string) => void) =>
    (message: string): void => {
      write(`[${level}] ${escapeText(message, 2048)}`);
    };
  return {
    debug: at('DEBUG', output.debug),
    info: at('INFO', output.info),
    warn: at('WARN', output.info),
    error: at('ERROR', output.error),
  };
}
