import { BlockList, isIP, isIPv6 } from 'node:net';

/** Where an address leads: this machine, its own link (cloud metadata services live there), or anywhere else. */
export type AddressScope = 'loopback' | 'link-local' | 'other';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addSubnet('0.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');
loopback.addAddress('::', 'ipv6');

const linkLocal = new BlockList();
linkLocal.addSubnet('169.254.0.0', 16, 'ipv4');
linkLocal.addSubnet('fe80::', 10, 'ipv6');
// Metadata services outside the link-local ranges: AWS over IPv6, Alibaba Cloud.
linkLocal.addAddress('fd00:ec2::254', 'ipv6');
linkLocal.addAddress('100.100.100.200', 'ipv4');

/** Tells where an IP address leads; IPv4 addresses inside IPv6 ones count as what they are. */
export function scopeOfAddress(address: string): AddressScope {
  const plain = address.split('%', 1)[0] ?? address;
  const family = isIPv6(plain) ? 'ipv6' : 'ipv4';
  if (loopback.check(plain, family)) return 'loopback';
  return linkLocal.check(plain, family) ? 'link-local' : 'other';
}

/**
 * Tells where the host of a URL leads as far as its spelling says; no name is looked up.
 *
 * @param hostname - `URL.hostname`, which has already turned `0x7f.1` and the like into plain addresses
 */
export function scopeOfHostname(hostname: string): AddressScope {
  const name = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  if (isIP(name) !== 0) return scopeOfAddress(name);
  return name === 'localhost' || name.endsWith('.localhost') ? 'loopback' : 'other';
}
