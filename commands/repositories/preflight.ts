import type { View } from '../../src/core/command.ts';
import { Refused } from '../../src/core/refused.ts';
import { packagesText, size } from './amounts.ts';
import { fetchAll, fetchedBy, type Got } from './fetching.ts';
import { type Amount, readAmount, readRepomd } from './repomd.ts';
import type { Settings } from './settings.ts';

/** An upstream that answers, for one repository and arch. */
export interface Found {
  readonly repo: string;
  readonly arch: string;
  readonly url: string;
  readonly checksum: string;
  /** Null: the list of packages is too long, or packed in a way that cannot be read there. */
  readonly amount: Amount | null;
}

/** What there is to look at. `$arch` may stand in the addresses. */
export interface Wanted {
  readonly repos: readonly { readonly name: string; readonly url: string }[];
  readonly arches: readonly string[];
}

const MOST_PLACES = 40;

const NO_REPODATA = 'A repository is the directory that has repodata/repomd.xml in it, for every arch.';
const NO_HOST = 'Is the name spelt right? It is looked up on the host that mirrors.';
const DISTRUSTED =
  'Give an address of upstream whose certificate is in order, another mirror of it, or http:// where it has that.';
/** What to do about an address inside. */
export const INSIDE =
  'Give the address that people outside use. Whoever runs Steward can let a network through: `shared.repos.allowInside`.';

/**
 * Looks at every repository and arch of upstream before anybody is asked: is it there, is it metadata, how much is it.
 * Throws `Refused` with everything that is wrong, each in a sentence.
 */
export async function lookAtUpstream(
  { repos, arches }: Wanted,
  settings: Settings,
  view: View,
): Promise<readonly Found[]> {
  const places = repos.flatMap(({ name, url }) =>
    // Without an arch in it the address is one for all of them.
    (url.includes('$arch') ? arches : arches.slice(0, 1)).map((arch) => ({
      repo: name,
      arch,
      url: url.replaceAll('$arch', arch),
    })),
  );
  if (places.length > MOST_PLACES)
    throw new Refused(
      `These are ${places.length} directories of upstream, and at most ${MOST_PLACES} are looked at for one request.`,
      'Ask for some of the repositories or arches at a time.',
    );
  const until = fetchedBy();
  const pages = await fetchAll(
    places.map(({ url }) => ({ name: url, url: `${url}repodata/repomd.xml`, kind: 'page' })),
    until,
    settings,
    view,
  );
  const read = places.map((place) => ({ ...place, repomd: repomdOf(pages.get(place.url)) }));
  const wrong = read.flatMap(({ url, repomd }) => (typeof repomd === 'string' ? [`${url} ${repomd}.`] : []));
  if (wrong.length > 0)
    throw new Refused(
      `${wrong.slice(0, 5).join(' ')}${wrong.length > 5 ? ` So do ${wrong.length - 5} more.` : ''}`,
      `${adviceFor([...pages.values()])} Nothing was changed.`,
    );
  const good = read.flatMap(({ repomd, ...place }) =>
    typeof repomd === 'string' ? [] : [{ ...place, repomd }],
  );
  const starts = await fetchAll(
    good.map(({ url, repomd }) => ({ name: url, url: `${url}${repomd.href}`, kind: 'start' })),
    until,
    settings,
    view,
  );
  return good.map(({ repomd, ...place }) => {
    const start = starts.get(place.url);
    return {
      ...place,
      checksum: repomd.checksum,
      amount: start?.kind === 'data' ? readAmount(start.text) : null,
    };
  });
}

function adviceFor(pages: readonly Got[]): string {
  const isAny = (which: 'inside' | 'nameless' | 'distrusted'): boolean =>
    pages.some((got) => got.kind === 'no' && got[which]);
  if (isAny('inside')) return INSIDE;
  if (isAny('distrusted')) return DISTRUSTED;
  return isAny('nameless') ? NO_HOST : NO_REPODATA;
}

function repomdOf(got: Got | undefined): ReturnType<typeof readRepomd> {
  if (!got) return 'was not looked at';
  if (got.kind === 'no') return got.says;
  return readRepomd(got.text);
}

/** Bytes of all of it; null where that is not known of every part. */
export function bytesOf(found: readonly Found[]): number | null {
  const parts = found.map(({ amount }) => amount?.bytes ?? null);
  return parts.includes(null) ? null : parts.reduce<number>((sum, bytes) => sum + (bytes ?? 0), 0);
}

/** `x86_64: about 61,000 packages, 230 GB, sha256`. */
export function foundText({ arch, amount, checksum }: Found): string {
  const sums = /^(sha256|sha384|sha512)$/.test(checksum)
    ? checksum
    : `${checksum || 'no'} checksums, which are weak`;
  if (!amount) return `${arch}: it answers; how much it is cannot be told; ${sums}`;
  const about = amount.exact ? '' : 'about ';
  return `${arch}: ${packagesText(amount.packages)}, ${about}${size(amount.bytes, null)}; ${sums}`;
}
