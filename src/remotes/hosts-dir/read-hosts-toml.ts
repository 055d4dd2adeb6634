import { showHostUrl } from './host-address.js';
import { assertKnownKeys, type HostSettings, hostKeys, type KeyFault, readHostSettings } from './host-settings.js';
import { hostsFault } from './hosts-fault.js';
import { isTomlTable, parseToml } from './parse-toml.js';

/** More than anybody has; each is asked in turn. */
const maxHosts = 100;

/** One host of a `hosts.toml`, and how to complain about it. */
export interface ListedHost {
  readonly settings: HostSettings;
  readonly fault: KeyFault;
}

/**
 * Reads the hosts of a `hosts.toml`, in the order they are tried: those of `[host]` as the file has them, then the server.
 *
 * @param file - its path, for the error
 * @throws {@link ArgumentError} `ERR_OCI_INVALID_OPTION`, naming file and key; no key is ever passed over
 */
export async function readHostsToml(bytes: Uint8Array, file: string): Promise<readonly ListedHost[]> {
  const root = await parseToml(bytes, file);
  const faultAt =
    (table: string): KeyFault =>
    (key, reason, options) =>
      hostsFault(file, `has ${table}${key}, which ${reason}`, options);
  const fault = faultAt('');
  assertKnownKeys(root, ['server', 'host', ...hostKeys], fault);
  const { server, host = {} } = root;
  if (!isTomlTable(host)) throw fault('host', 'is no table');
  if (Object.keys(host).length > maxHosts) throw fault('host', `has more than ${maxHosts} hosts`);

  const mirrors = Object.entries(host).map(([text, table]): ListedHost => {
    const name = `host.${showHostUrl(text)}`;
    if (!isTomlTable(table)) throw fault(name, 'is no table');
    const keyFault = faultAt(`${name}.`);
    assertKnownKeys(table, hostKeys, keyFault);
    const url = { text, fault: (reason: string) => fault(name, reason) };
    return { settings: readHostSettings(table, url, keyFault), fault: keyFault };
  });
  if (server !== undefined && (typeof server !== 'string' || server === '')) throw fault('server', 'is no URL');
  const url = server === undefined ? undefined : { text: server, fault: (reason: string) => fault('server', reason) };
  return [...mirrors, { settings: readHostSettings(root, url, fault), fault }];
}
