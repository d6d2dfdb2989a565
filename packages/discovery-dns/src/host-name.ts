// Which names and addresses of DNS can be those of a node.

import { BlockList, isIPv4, isIPv6 } from 'node:net';

const label = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/i;

/** Letters, digits, hyphens and the underscores of service names, within the lengths of RFC 1035; no dot at the end. */
export function isName(text: string): boolean {
  return text.length <= 253 && text.split('.').every((part) => label.test(part));
}

/** A name that a node can be dialled by. One that ends in a number would be read as an IPv4 address. */
export function isHost(text: string): boolean {
  if (isIPv4(text)) return isNodeAddress(text);
  return isName(text) && !/(^|\.)(\d+|0x[0-9a-f]*)$/i.test(text);
}

/** An IP address that can be one node's: neither "any", nor a group, nor one that needs the name of an interface. */
export function isNodeAddress(text: string): boolean {
  if (isIPv4(text)) return !nobody.check(text, 'ipv4');
  return isIPv6(text) && !text.includes('%') && !nobody.check(text, 'ipv6');
}

const nobody: Pick<BlockList, 'check'> = addressesOfNobody();

function addressesOfNobody(): BlockList {
  const list = new BlockList();
  list.addSubnet('0.0.0.0', 8, 'ipv4');
  list.addSubnet('224.0.0.0', 3, 'ipv4'); // Multicast, reserved, broadcast.
  list.addAddress('::', 'ipv6');
  list.addSubnet('fe80::', 10, 'ipv6'); // Link-local: an answer can't say on which link.
  list.addSubnet('ff00::', 8, 'ipv6');
  return list;
}
