import { isIP } from 'node:net';
import type { View } from '../../src/core/command.ts';
import { loadScript } from '../../src/core/script.ts';
import { wrongAddress } from './addresses.ts';
import { shown } from './names.ts';
import { readRows } from './reading.ts';
import type { Settings } from './settings.ts';
import { hostIn } from './url.ts';

/** What looks at upstream, from the mirror. */
export const LOOK = loadScript(new URL('./upstream.sh', import.meta.url));

/** Something to be fetched from an upstream. */
export interface Want {
  readonly name: string;
  readonly url: string;
  /** `start`: only its beginning, unpacked. */
  readonly kind: 'page' | 'start';
}

/** What came, or why nothing did, as the end of a sentence that begins with the address. */
export type Got =
  | { readonly kind: 'data'; readonly text: string }
  /** `inside`: its address is one where nothing is fetched, unless the config allows it. */
  | {
      readonly kind: 'no';
      readonly says: string;
      readonly inside?: true;
      readonly nameless?: true;
      readonly distrusted?: true;
    };

const LATE = 'was not looked at: what came before it answered too slowly';
const MOST_REDIRECTS = 5;
const ONE_FETCH_SECONDS = 10;
/** For all that is fetched for one plan: planning has a minute. */
const ALL_MS = 40_000;
/** For the way to the host and back, beyond what is done there. */
const WAY_MS = 3_000;
/** With less left nothing more is begun. */
const LEAST_MS = WAY_MS + 2_000;

/** When all that is fetched for a plan has to be there, if it is begun now; by `performance.now()`. */
export const fetchedBy = (): number => performance.now() + ALL_MS;

/**
 * Fetches from the host that mirrors, as its account without rights. Every name is resolved there first and every
 * address of it has to be outside; the connection goes to one that was looked at, and each redirect begins anew. What
 * cannot be there `until` then is said to be late.
 */
export async function fetchAll(
  wants: readonly Want[],
  until: number,
  settings: Settings,
  view: View,
): Promise<ReadonlyMap<string, Got>> {
  const got = new Map<string, Got>();
  const addresses = new Map<string, readonly string[]>();
  let open = wants.map((want) => ({ ...want, at: want.url }));
  for (let round = 0; open.length > 0; round++) {
    const isLate = (): boolean => until - performance.now() < LEAST_MS;
    const no = (name: string, says: string): void => {
      got.set(name, { kind: 'no', says });
    };
    if (!isLate())
      await resolveAll(
        open.map(({ at }) => hostOf(at)),
        addresses,
        until,
        settings,
        view,
      );
    if (isLate()) {
      for (const { name } of open) no(name, LATE);
      break;
    }
    const args: string[] = [];
    for (const { kind, name, at } of open) {
      const found = addressFor(hostOf(at), addresses, settings);
      if ('says' in found) got.set(name, { kind: 'no', ...found });
      else args.push(kind, name, at, found.address);
    }
    const left = until - performance.now();
    const within = Math.floor((left - WAY_MS) / 1000);
    const one = Math.min(ONE_FETCH_SECONDS, within);
    const rows =
      args.length === 0
        ? []
        : await readRows(LOOK, ['fetch', String(one), String(within), ...args], settings, view, left);
    const next: typeof open = [];
    for (const { name, facts, data } of rows) {
      const one = open.find((each) => each.name === name);
      if (!one) continue;
      const said = answered(one, facts, data);
      if (said.kind !== 'redirect') got.set(name, said);
      else if (round >= MOST_REDIRECTS) no(name, `leads to another place more than ${MOST_REDIRECTS} times`);
      else if (said.to === null) no(name, 'leads to an address that cannot be followed');
      else if (one.at.startsWith('https:') && !said.to.startsWith('https:'))
        no(name, 'leads from https to http, where anybody on the way can change what comes');
      else next.push({ ...one, at: said.to });
    }
    open = next;
  }
  return got;
}

/**
 * What is to be said of hosts of addresses that are not fetched now: `inside` where nothing may be fetched from one,
 * `unknown` where nobody can tell, as sentences.
 */
export async function lookAtHosts(
  urls: readonly string[],
  settings: Settings,
  view: View,
): Promise<{ readonly inside: readonly string[]; readonly unknown: readonly string[] }> {
  const addresses = new Map<string, readonly string[]>();
  const hosts = [...new Set(urls.map(hostOf))];
  if (settings.host !== undefined) await resolveAll(hosts, addresses, fetchedBy(), settings, view);
  const inside: string[] = [];
  const unknown: string[] = [];
  for (const host of hosts) {
    const found = addressFor(host, addresses, settings);
    if (!('says' in found)) continue;
    if (found.inside) inside.push(`${shown(host)} ${found.says}.`);
    else
      unknown.push(
        `Nothing here finds an address for ${shown(host)}, so nobody can tell whether it is inside.`,
      );
  }
  return { inside, unknown };
}

async function resolveAll(
  hosts: readonly string[],
  known: Map<string, readonly string[]>,
  until: number,
  settings: Settings,
  view: View,
): Promise<void> {
  const names = [...new Set(hosts)].filter((host) => isIP(host) === 0 && !known.has(host));
  if (names.length === 0) return;
  const rows = await readRows(LOOK, ['resolve', '5', ...names], settings, view, until - performance.now());
  for (const { name, facts } of rows) known.set(name, (facts.addresses ?? '').split(',').filter(Boolean));
}

/** One that may be connected to, if all of them may: which one a program takes later is not ours to say. */
function addressFor(
  host: string,
  known: ReadonlyMap<string, readonly string[]>,
  settings: Settings,
):
  | { readonly address: string }
  | { readonly says: string; readonly inside?: true; readonly nameless?: true } {
  const all = isIP(host) === 0 ? (known.get(host) ?? []) : [host];
  if (all.length === 0)
    return { says: `is at ${shown(host)}, and there is no host of that name`, nameless: true };
  for (const address of all) {
    const wrong = wrongAddress(address, settings);
    if (wrong) return { says: `is at ${address}, ${wrong}, so nothing is fetched from there`, inside: true };
  }
  const [first = ''] = all;
  return { address: all.find((address) => isIP(address) === 4) ?? first };
}

function answered(
  { url, at }: { readonly url: string; readonly at: string },
  facts: Readonly<Record<string, string>>,
  data: Buffer | null,
): Got | { readonly kind: 'redirect'; readonly to: string | null } {
  const { exit = '', code = '', to = '' } = facts;
  const no = (says: string): Got => ({ kind: 'no', says });
  if (exit === 'late') return no(LATE);
  if (/^30[12378]$/.test(code) && to !== '') return { kind: 'redirect', to: follow(to, at) };
  if (at.startsWith('rsync:') && exit !== '0') {
    const says: Record<string, string> = {
      5: 'has no rsync module of that name',
      10: 'is not reached: nothing answers there',
      23: 'has no repodata/repomd.xml',
      35: `did not answer within ${ONE_FETCH_SECONDS} seconds`,
      137: `did not answer within ${ONE_FETCH_SECONDS} seconds`,
    };
    return no(says[exit] ?? `could not be read (rsync ended with ${shown(exit)})`);
  }
  // 23: as much came as was wanted.
  if (exit !== '0' && exit !== '23')
    return {
      ...no(CURL[exit] ?? `could not be read (curl ended with ${shown(exit)})`),
      ...(DISTRUSTS.includes(exit) ? { distrusted: true as const } : {}),
    };
  const elsewhere = at === url ? '' : ' where it leads to';
  if (code === '401' || code === '403') return no(`wants a login${elsewhere} (${code})`);
  if (code === '404' || code === '410') return no(`has no repodata/repomd.xml${elsewhere} (${code})`);
  if (code !== '' && code !== '200' && code !== '206')
    return no(`failed by itself${elsewhere} (${shown(code)})`);
  return { kind: 'data', text: data?.toString('utf8') ?? '' };
}

/** Of these: upstream's TLS is not as it should be. */
const DISTRUSTS: readonly string[] = ['35', '60'];
const CURL: Readonly<Record<string, string>> = {
  7: 'is not reached: nothing answers there',
  28: `did not answer within ${ONE_FETCH_SECONDS} seconds`,
  35: 'speaks no TLS that the mirror’s host takes',
  52: 'ended the connection without an answer',
  56: 'broke the connection in the middle',
  18: 'broke the connection in the middle',
  60: 'has a TLS certificate that the mirror’s host does not trust',
  77: 'cannot be checked: the mirror’s host has no list of trusted certificates',
};

/** Where a redirect leads, in the form that every program reads alike; null: nowhere. */
function follow(to: string, from: string): string | null {
  if (!URL.canParse(to, from)) return null;
  const url = new URL(to, from);
  if (!['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.password !== '') return null;
  // curl reads a + or - before a name, when it is told where that is, as something else than a letter of it.
  if (hostIn(url.host) === null) return null;
  url.hash = '';
  return /^[\x21-\x7e]{1,1000}$/.test(url.href) && !/["'`\\]/.test(url.href) ? url.href : null;
}

function hostOf(url: string): string {
  // A scheme that is none of the web's has no rules for hosts; they were checked when it was given.
  const { hostname } = new URL(url.replace(/^rsync:/, 'http:'));
  return hostname.replace(/^\[|\]$/g, '');
}
