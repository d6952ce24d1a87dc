import { BlockList, isIP } from 'node:net';

/** What an address is, where nobody outside the site has business. */
type Inside = readonly [network: string, what: string];

const INSIDE: readonly Inside[] = [
  ['0.0.0.0/8', 'this machine itself'],
  ['127.0.0.0/8', 'this machine itself'],
  ['::/128', 'this machine itself'],
  ['::1/128', 'this machine itself'],
  ['169.254.0.0/16', 'a link-local address, where clouds keep their metadata'],
  ['fe80::/10', 'a link-local address'],
  ['168.63.129.16/32', 'a metadata address of a cloud'],
  ['10.0.0.0/8', 'a private address'],
  ['172.16.0.0/12', 'a private address'],
  ['192.168.0.0/16', 'a private address'],
  ['100.64.0.0/10', 'a private address'],
  ['fc00::/7', 'a private address'],
  ['fec0::/10', 'a private address'],
  ['192.0.0.0/24', 'a reserved address'],
  ['198.18.0.0/15', 'a reserved address'],
  ['224.0.0.0/4', 'an address of many machines'],
  ['240.0.0.0/4', 'a reserved address'],
  ['ff00::/8', 'an address of many machines'],
  // What is carried in them is an address of somewhere else again.
  ['2001::/32', 'a tunnel'],
  // Where in it the other address stands is the site's to say.
  ['64:ff9b:1::/48', 'a tunnel'],
];

/** Is it a network in CIDR form, or one address? */
export function isNetwork(text: string): boolean {
  const [address = '', bits, more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more !== undefined) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

/** The networks of a site that matter for upstreams. */
export interface Networks {
  readonly allowInside: readonly string[];
  readonly ownNetworks: readonly string[];
}

/** Why no upstream may be at this address, as the end of a sentence; null: it may. */
export function wrongAddress(address: string, { allowInside, ownNetworks }: Networks): string | null {
  if (isIP(address) === 0) return 'no address';
  // Every form that it can be read as has to pass: `::ffff:127.0.0.1` is 127.0.0.1 to the machine.
  for (const form of [address, ...carriedIn(address)]) {
    if (isIn(form, allowInside)) continue;
    if (isIn(form, ownNetworks)) return 'an address of this site';
    const found = INSIDE.find(([network]) => isIn(form, [network]));
    if (found) return found[1];
  }
  return null;
}

function isIn(address: string, networks: readonly string[]): boolean {
  const list = new BlockList();
  for (const network of networks) {
    const [base = '', bits] = network.split('/');
    const family = isIP(base) === 6 ? 'ipv6' : 'ipv4';
    list.addSubnet(base, bits === undefined ? (family === 'ipv6' ? 128 : 32) : Number(bits), family);
  }
  return list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

/** IPv4 addresses inside an IPv6 one: mapped, compatible, translated, NAT64, 6to4. */
function carriedIn(address: string): readonly string[] {
  if (isIP(address) !== 6) return [];
  const words = wordsOf(address);
  const dotted = (high: number, low: number): string =>
    [high >> 8, high & 255, low >> 8, low & 255].join('.');
  const [a = 0, b = 0, c = 0] = words;
  const [g = 0, h = 0] = words.slice(6);
  const isZero = (from: number, to: number): boolean => words.slice(from, to).every((word) => word === 0);
  if (isZero(0, 5) && (words[5] === 0xffff || words[5] === 0)) return [dotted(g, h)];
  if (isZero(0, 4) && words[4] === 0xffff && words[5] === 0) return [dotted(g, h)];
  if (a === 0x64 && b === 0xff9b) return [dotted(g, h)];
  return a === 0x2002 ? [dotted(b, c)] : [];
}

/** The eight words of an IPv6 address; `isIP` has said that it is one. */
function wordsOf(address: string): readonly number[] {
  const plain = (address.split('%')[0] ?? '').replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) =>
    [(Number(a) << 8) | Number(b), (Number(c) << 8) | Number(d)].map((word) => word.toString(16)).join(':'),
  );
  const [head = '', tail] = plain.split('::');
  const read = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((word) => Number.parseInt(word, 16));
  const first = read(head);
  const last = tail === undefined ? [] : read(tail);
  return [...first, ...new Array<number>(8 - first.length - last.length).fill(0), ...last];
}
