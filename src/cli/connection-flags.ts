import { type Command, Option } from 'commander';
import { collect, parseConcurrency, parseFallbackStatus, parsePair, parseSeconds, parseText } from './flag-parsers.js';

/** The flags that say how registries are reached. */
export interface ConnectionFlags {
  readonly plainHttp?: boolean | undefined;
  readonly caFile?: string | undefined;
  readonly cert?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly insecure?: boolean | undefined;
  readonly hostsDir?: string | undefined;
  readonly registryConfig?: string | undefined;
  readonly username?: string | undefined;
  readonly passwordStdin?: boolean | undefined;
  readonly header?: readonly (readonly [string, string])[] | undefined;
  readonly concurrency?: number | undefined;
  readonly timeout?: number | undefined;
  readonly fallbackOn?: readonly (400 | 410 | 424)[] | undefined;
  /** False with `--no-fallback`. */
  readonly fallback: boolean;
}

/** Adds the flags of {@link ConnectionFlags} to a command that talks to registries. */
export function addConnectionFlags(command: Command): Command {
  const flags = [
    new Option('--plain-http', 'speak plain HTTP (the default for loopback without the TLS flags below)'),
    new Option('--ca-file <file>', "certificate authorities to trust beside Node's own, PEM"),
    new Option('--cert <file>', 'client certificate, PEM'),
    new Option('--key-file <file>', 'key of the client certificate, PEM'),
    new Option('--insecure', 'accept any certificate').conflicts('caFile'),
    new Option(
      '--hosts-dir <dir>',
      "mirrors, authorities and certificates in containerd's form, such as /etc/containerd/certs.d",
    ).argParser(parseText),
    new Option(
      '--registry-config <file>',
      "Docker's configuration to take credentials from (default: REGISTRY_AUTH_FILE, DOCKER_CONFIG or ~/.docker)",
    ).argParser(parseText),
    new Option('--username <name>', "user name; without it Docker's configuration is used"),
    new Option('--password-stdin', 'read the password from standard input'),
    new Option('--header <name=value>', 'send a header; may be repeated').argParser(collect(parsePair)),
    new Option('--concurrency <n>', 'requests at once, 1 to 64 (default: 4)').argParser(parseConcurrency),
    new Option(
      '--timeout <seconds>',
      'for the referrers of one subject, all pages and retries together (default: 120), and for a request, 30 at most',
    ).argParser(parseSeconds),
    new Option('--fallback-on <status>', 'this status means no referrers API too: 400, 410 or 424; may be repeated')
      .argParser(collect(parseFallbackStatus))
      .conflicts('fallback'),
    new Option('--no-fallback', 'never look for tags where a registry has no referrers API'),
  ];
  for (const flag of flags) command.addOption(flag.helpGroup('Connection, for the registries named in the command:'));
  return command;
}
