import type { ArgumentError } from '../../errors/index.js';
import type { HostCapability } from '../hosts.js';
import { headerName, headerValue } from '../option-schemas.js';
import type { HostHeaders } from '../options.js';
import { parseGoDuration } from './go-duration.js';
import { type HostAddress, parseHostAddress } from './host-address.js';
import type { HostsFaultOptions } from './hosts-fault.js';
import { isTomlTable, type TomlTable } from './parse-toml.js';

/** The files of one client certificate, as they were written. */
export interface ClientFiles {
  readonly cert: string;
  /** Absent where the key is in the same file. */
  readonly key?: string | undefined;
}

/** What one table of a `hosts.toml` says about a host; paths are as they were written. */
export interface HostSettings {
  /** Absent where the registry itself is meant. */
  readonly address: HostAddress | undefined;
  readonly capabilities: readonly HostCapability[];
  readonly ca: readonly string[];
  readonly client: ClientFiles | undefined;
  readonly skipVerify: boolean | undefined;
  readonly headers: HostHeaders | undefined;
  readonly connectMs: number | undefined;
  readonly authoritative: boolean | undefined;
}

/** Makes the error for a key of the table; the reason goes on from the key. */
export type KeyFault = (key: string, reason: string, options?: HostsFaultOptions) => ArgumentError;

/** The URL of a host, and how to complain about it. */
export interface HostUrl {
  readonly text: string;
  readonly fault: (reason: string) => ArgumentError;
}

/** The keys of a host's table. */
export const hostKeys: readonly string[] = [
  'capabilities',
  'ca',
  'client',
  'skip_verify',
  'header',
  'override_path',
  'dial_timeout',
  'authoritative',
];
/** More than anybody writes. */
const maxTexts = 100;
const allCapabilities: readonly HostCapability[] = ['pull', 'resolve', 'push', 'referrers'];

/** Reads the table of one host; without a URL it is about the registry itself. */
export function readHostSettings(table: TomlTable, url: HostUrl | undefined, fault: KeyFault): HostSettings {
  const overridePath = readBoolean(table, 'override_path', fault);
  const address = url === undefined ? undefined : readAddress(url, overridePath ?? false);
  if (url === undefined && overridePath !== undefined)
    throw fault('override_path', 'is about the path of a server, and none is named');
  const settings = {
    address,
    capabilities: readCapabilities(table, fault),
    ca: readTexts(table, 'ca', fault) ?? [],
    client: readClient(table, fault),
    skipVerify: readBoolean(table, 'skip_verify', fault),
    headers: readHeaders(table, fault),
    connectMs: readDialTimeout(table, fault),
    authoritative: readBoolean(table, 'authoritative', fault),
  };
  // DEVIATION(containerd core/remotes/docker/config/hosts.go): there a host with these is tried with TLS before plain HTTP.
  if (address?.scheme === 'http' && (settings.ca.length > 0 || settings.client !== undefined)) {
    const hint = 'write https://, or leave the key out';
    throw fault(settings.client === undefined ? 'ca' : 'client', 'is for TLS, and the URL begins with http://', {
      hint,
    });
  }
  return settings;
}

function readAddress({ text, fault }: HostUrl, overridePath: boolean): HostAddress {
  const address = parseHostAddress(text, overridePath);
  if (typeof address === 'string') throw fault(address);
  return address;
}

/** Refuses keys that nobody would read. */
export function assertKnownKeys(table: TomlTable, known: readonly string[], fault: KeyFault): void {
  const unknown = Object.keys(table).find((key) => !known.includes(key));
  if (unknown !== undefined)
    throw fault(unknown, 'is no key of hosts.toml', { hint: `the keys here are ${known.join(', ')}` });
}

function readCapabilities(table: TomlTable, fault: KeyFault): readonly HostCapability[] {
  const names = readTexts(table, 'capabilities', fault) ?? [];
  const found = names.map((name, index) => {
    const capability = allCapabilities.find((known) => known === name.toLowerCase());
    if (capability === undefined) throw fault(`capabilities[${index}]`, `is none of ${allCapabilities.join(', ')}`);
    return capability;
  });
  // As in containerd: who says nothing about them means all.
  return found.length === 0 ? allCapabilities : found;
}

function readClient(table: TomlTable, fault: KeyFault): ClientFiles | undefined {
  const { client } = table;
  if (client === undefined) return undefined;
  const entries: readonly unknown[] = Array.isArray(client) ? client : [client];
  const files = entries.map((entry, index) =>
    readClientFiles(entry, Array.isArray(client) ? `client[${index}]` : 'client', fault),
  );
  if (files.length < 2) return files[0];
  const hint = 'keep the one this host asks for; a certificate and its key are written client = [["FILE", "KEYFILE"]]';
  throw fault('client', `names ${files.length} client certificates, and Node shows one`, { hint });
}

function readClientFiles(entry: unknown, key: string, fault: KeyFault): ClientFiles {
  if (typeof entry === 'string' && entry !== '') return { cert: entry };
  const [cert, keyFile, ...rest] = Array.isArray(entry) ? (entry as readonly unknown[]) : [];
  if (typeof cert !== 'string' || cert === '' || typeof keyFile !== 'string' || rest.length > 0) {
    throw fault(key, 'is neither a file nor a pair of certificate and key');
  }
  return { cert, key: keyFile === '' ? undefined : keyFile };
}

function readHeaders(table: TomlTable, fault: KeyFault): HostHeaders | undefined {
  const { header } = table;
  if (header === undefined) return undefined;
  if (!isTomlTable(header)) throw fault('header', 'is no table');
  const names = Object.keys(header);
  const lowerCase = names.map((name) => name.toLowerCase());
  const headers = names.map((name, index): [string, string] => {
    const key = `header.${name}`;
    const value = (readTexts(header, name, (_key, reason) => fault(key, reason)) ?? []).join(', ');
    const reason = issueOf(headerName, name) ?? issueOf(headerValue, value);
    if (reason !== undefined) throw fault(key, reason);
    if (lowerCase.indexOf(name.toLowerCase()) !== index) throw fault(key, 'is there twice, in other letters');
    return [name, value];
  });
  return Object.fromEntries(headers);
}

function issueOf(schema: typeof headerName, text: string): string | undefined {
  return schema.safeParse(text).error?.issues[0]?.message;
}

function readDialTimeout(table: TomlTable, fault: KeyFault): number | undefined {
  const text = table['dial_timeout'];
  if (text === undefined) return undefined;
  const connectMs = typeof text === 'string' ? parseGoDuration(text) : undefined;
  if (connectMs === undefined)
    throw fault('dial_timeout', 'is no duration above 0 and up to a day, such as "1s" or "1m30s"');
  return connectMs;
}

function readBoolean(table: TomlTable, key: string, fault: KeyFault): boolean | undefined {
  const value = table[key];
  if (value === undefined || typeof value === 'boolean') return value;
  throw fault(key, 'is neither true nor false');
}

/** Reads a text, or a list of them. */
function readTexts(table: TomlTable, key: string, fault: KeyFault): readonly string[] | undefined {
  const value = table[key];
  if (value === undefined) return undefined;
  const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (texts.length > maxTexts) throw fault(key, `has more than ${maxTexts} entries`);
  return texts.map((text, index) => {
    if (typeof text === 'string' && text !== '') return text;
    throw fault(Array.isArray(value) ? `${key}[${index}]` : key, text === '' ? 'is empty' : 'is no text');
  });
}
