import { BlockList, isIP, isIPv6 } from 'node:net';

/** Where an address leads: this machine, its own link (cloud metadata services live there), or anywhere else. */
export type AddressScope = 'loopback' | 'link-local' | 'other';

/**
 * Prefixes of 96 bits behind which an IPv6 address has an IPv4 one: IPv4-compatible, translated (RFC 2765), NAT64
 * (RFC 6052) and its local form (RFC 8215). Node sees through the mapped form, `::ffff:`, itself.
 */
const embeddings = ['::', '::ffff:0:', '64:ff9b::', '64:ff9b:1::'];
const embeddingBits = 96;

function listOf(ipv4Subnets: readonly (readonly [string, number])[], ipv6Subnets: typeof ipv4Subnets): BlockList {
  const list = new BlockList();
  for (const [net, bits] of ipv4Subnets) {
    list.addSubnet(net, bits, 'ipv4');
    for (const prefix of embeddings) list.addSubnet(`${prefix}${net}`, embeddingBits + bits, 'ipv6');
  }
  for (const [net, bits] of ipv6Subnets) list.addSubnet(net, bits, 'ipv6');
  return list;
}

const loopback = listOf(
  [
    ['127.0.0.0', 8],
    ['0.0.0.0', 8],
  ],
  [['::1', 128]],
);

// Metadata services outside the link-local ranges: Alibaba Cloud, and AWS over IPv6.
const linkLocal = listOf(
  [
    ['169.254.0.0', 16],
    ['100.100.100.200', 32],
  ],
  [
    ['fe80::', 10],
    ['fd00:ec2::254', 128],
  ],
);

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
