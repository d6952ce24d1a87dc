import { listText } from './hub-steps.ts';
import type { Item } from './overview.ts';
import { repoAt } from './places.ts';
import type { Settings } from './settings.ts';

/** Something that does not agree. */
export interface Finding {
  readonly verdict: 'warn' | 'bad';
  readonly says: string;
  /** A line that would help, as a person would type it. */
  readonly next?: string;
}

const DAY_MS = 86_400_000;

/** What disagrees about one repository. */
export function findingsOf(item: Item, settings: Settings, now: Date): readonly Finding[] {
  const { label, repo, file, arches, synced, hub, links } = item;
  const found: Finding[] = [];
  const what = label === null ? repo : `${label} ${repo}`;
  const missing = arches.filter((arch) => !synced.has(arch));
  const isUsed = links.length > 0;
  if (file !== null && missing.length > 0)
    found.push({
      verdict: isUsed ? 'bad' : 'warn',
      says: `${what}: no metadata for ${missing.join(', ')}${synced.size === 0 ? '; it was never synced' : ''}. ${isUsed ? `Builds for ${tagsText(item)} fail there` : 'Nothing can be built with it there'} until it is synced.`,
      next: `repo sync ${label}`,
    });
  const oldest = [...synced].sort(([, a], [, b]) => a.getTime() - b.getTime())[0];
  const days = oldest ? Math.floor((now.getTime() - oldest[1].getTime()) / DAY_MS) : 0;
  if (file !== null && days > settings.staleDays)
    found.push({
      verdict: 'warn',
      says: `${what}: not synced for ${days} days (${oldest?.[0]}), so builds take what upstream had then.`,
      next: `repo sync ${label}`,
    });
  if (label !== null && file === null)
    found.push({
      verdict: isUsed ? 'bad' : 'warn',
      says: `${what}: is on disk, and no entry says that it is synced. ${isUsed ? `It grows old, and ${tagsText(item)} still use it.` : hub.length > 0 ? 'The hub still knows it.' : 'Nothing uses it: its packages can be deleted by hand for the room.'}`,
      ...(hub.length > 0 ? { next: `repo retire ${label}` } : {}),
    });
  if (label !== null && hub.length === 0 && file !== null && synced.size > 0)
    found.push({
      verdict: 'warn',
      says: `${what}: is mirrored, and the hub does not know it, so no tag can use it. \`repo add ${label}\` with its addresses as they are makes it known.`,
    });
  const [orphan] = hub;
  if (label === null && orphan && isMirrored(orphan.url, settings))
    found.push({
      verdict: isUsed ? 'bad' : 'warn',
      says: `${what}: the hub looks for it on the mirror (${orphan.url}), and there is nothing of it${isUsed ? `, so builds for ${tagsText(item)} fail` : ''}.`,
      next: `repo retire ${repo}`,
    });
  if (!isUsed && hub.length > 0)
    found.push({
      verdict: 'warn',
      says: `${listText(hub.map(({ name }) => name))}: no tag uses it. If none is to, \`repo retire ${hub[0]?.name}\` takes it away.`,
      next: `repo link ${hub[0]?.name} tag=<tag>`,
    });
  return found;
}

/** What it is, and what to say for it. */
export function findingText({ says, next }: Finding): string {
  return next === undefined ? says : `${says} Say \`${next}\`.`;
}

/** Is it at an address of the mirror, whatever the label? */
function isMirrored(url: string, { destinations }: Settings): boolean {
  return Object.values(destinations).some((template) => {
    const [head = ''] = template.split('<label>');
    const rest = url.startsWith(head) ? url.slice(head.length) : '';
    // A label ends where its arch begins.
    const label = /^(.+?)-\$arch\//.exec(rest)?.[1];
    return label !== undefined && repoAt(url, label, template) !== null;
  });
}

function tagsText({ links }: Item): string {
  return listText(
    links.map(({ tag }) => tag),
    4,
  );
}
