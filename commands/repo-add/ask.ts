import { Refused } from '../../src/core/refused.ts';
import { hubName, type Settings } from '../repositories/settings.ts';
import { isWrong, readUpstream } from '../repositories/url.ts';

/** A label and its repositories, as somebody asked for them. */
export interface Ask {
  readonly label: string;
  readonly repos: readonly { readonly name: string; readonly url: string }[];
  readonly arches: readonly string[];
}

/** Schemes of upstream's addresses, by who fetches from there. */
const SCHEMES = {
  mrepo: ['https', 'http', 'rsync'],
  reposync: ['https', 'http'],
  direct: ['https', 'http'],
} as const;

/** Reads what was asked for. Throws `Refused` for an address that may not go anywhere near a shell. */
export function readAsk(
  given: {
    readonly label: string;
    readonly from: readonly { readonly name: string; readonly value: string }[];
    readonly arches?: readonly string[] | undefined;
    readonly mirror: boolean;
  },
  settings: Settings,
): Ask {
  const { label, from, mirror } = given;
  const schemes = SCHEMES[mirror ? settings.backend : 'direct'];
  const repos = from.map(({ name, value }) => {
    const read = readUpstream(value, schemes);
    if (isWrong(read)) throw new Refused(`${name}: ${read.says}`, read.next);
    return { name, url: read.url };
  });
  const arches = given.arches ?? settings.arches;
  const strange = mirror ? arches.filter((arch) => !settings.arches.includes(arch)) : [];
  if (strange.length > 0)
    throw new Refused(
      `${strange.join(', ')} is not mirrored here.`,
      `The config names the arches that are: ${settings.arches.join(', ')} (\`shared.repos.arches\`).`,
    );
  const one = repos.find(({ url }) => !url.includes('$arch'));
  if (mirror && one && arches.length > 1)
    throw new Refused(
      `${one.name}: the address has no $arch in it, and it is to be mirrored for ${arches.join(', ')}. Each would get the same packages.`,
      'Put $arch where the arch stands in the address, or say one arch: arches=x86_64.',
    );
  return { label, repos, arches };
}

/** What they are called on the hub. */
export function hubNames({ label, repos }: Ask, settings: Settings): readonly string[] {
  return repos.map(({ name }) => hubName(label, name, settings));
}
