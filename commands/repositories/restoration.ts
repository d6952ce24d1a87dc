import { z } from 'zod';
import { pairs, word, wordList } from '../../src/core/fields.ts';
import type { Inverse } from '../../src/core/plan.ts';
import { readAsk } from '../repo-add/ask.ts';
import { dnfRepoFile, type Edit, type Entry, mrepoBlock } from './block.ts';
import type { HubRepo, Link } from './hub.ts';
import type { Configured } from './labels.ts';
import { wrongInRepo } from './names.ts';
import { archesField } from './parameters.ts';
import { isOnMirror, isPlaceOf } from './places.ts';
import type { Settings } from './settings.ts';
import { isWrong, readUpstream, wrongInSecrecy } from './url.ts';

const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.+-]*$/;
const LINK =
  /^([\w.+-]+)\/([\w.+-]+)\/(\d{1,5})(?:\/(koji|simple|bare))?(?:\/([a-z0-9_]+(?:\+[a-z0-9_]+)*))?$/;

/** What `repo restore` takes: all that `repo retire` took away, as text. */
export const restoreParams = z.object({
  name: word(
    { title: 'Name', hint: 'What was retired: a label, or a repository of the hub.', example: 'fedora41' },
    (name) => (NAME.test(name) ? null : `“${name.slice(0, 60)}” is no name.`),
    100,
  ),
  repos: pairs(
    {
      title: 'Repositories',
      hint: 'Each as the hub called it, and the address that it had.',
      example: 'fedora41-os=http://koji.example.org/fedora41-$arch/RPMS.os/',
      named: true,
    },
    (name, value) => wrongInSecrecy(value) ?? (NAME.test(name) ? null : `“${name.slice(0, 60)}” is no name.`),
  ).optional(),
  links: wordList(
    {
      title: 'Links',
      hint: 'Which tags used them: tag/repository/priority, then the merge mode and arches where they were not the usual ones.',
      example: 'f41-build/fedora41-os/20',
      named: true,
    },
    (text) => (LINK.test(text) ? null : `“${text.slice(0, 60)}” is no link: say tag/repository/priority.`),
  ).optional(),
  from: pairs(
    {
      title: 'From',
      hint: 'The entry of the mirror: each repository and its upstream address.',
      example: 'os=https://mirror.example.org/fedora/41/os/$arch/',
      named: true,
    },
    (name, value) => wrongInSecrecy(value) ?? wrongInRepo(name),
  ).optional(),
  arches: archesField('Of the entry of the mirror.').optional(),
});

/** What was there. */
export interface Had {
  readonly repos: readonly HubRepo[];
  readonly links: readonly Link[];
  /** The entry that goes, and how; null: none does. */
  readonly entry: { readonly entry: Entry; readonly edit: Edit; readonly isElsewhere: boolean } | null;
}

/**
 * Why that is nothing that `repo retire` took away, as a sentence; null: it may be. Whoever asks types what they like, so
 * it gives nothing that `repo add` would not.
 */
export function wrongInBack(
  name: string,
  repos: readonly HubRepo[],
  links: readonly Pick<Link, 'repo' | 'tag' | 'priority'>[],
  settings: Settings,
): string | null {
  for (const repo of repos) {
    if (repo.name !== name && !isPlaceOf(repo.url, name, settings))
      return `${repo.name} is not of ${name}, neither by its name nor by its address, so \`repo retire ${name}\` did not take it away.`;
    if (isOnMirror(repo.url, settings)) continue;
    const read = readUpstream(repo.url, ['https', 'http']);
    if (isWrong(read)) return `${repo.name}: ${read.says}`;
  }
  const other = links.find(({ repo }) => !repos.some((one) => one.name === repo));
  if (other) return `${other.repo}, for ${other.tag}, is not among the repositories that are to come back.`;
  const twin = links.find(({ tag, repo, priority }, index) =>
    links.slice(0, index).some((one) => one.tag === tag && (one.repo === repo || one.priority === priority)),
  );
  return twin ? `${twin.tag} would use ${twin.repo} twice, or two repositories at one priority.` : null;
}

/** How to have it all back; undefined where it cannot be said in a line, so that nobody promises it. */
export function restoringOf(
  name: string,
  { repos, links, entry }: Had,
  settings: Settings,
): Inverse | undefined {
  if (wrongInBack(name, repos, links, settings) !== null) return undefined;
  const given = {
    name,
    ...(repos.length > 0 ? { repos: repos.map((one) => `${one.name}=${one.url}`).join(',') } : {}),
    ...(links.length > 0 ? { links: links.map(linkText).join(',') } : {}),
    ...(entry ? entryGiven(entry.entry) : {}),
  };
  if (!restoreParams.safeParse(given).success) return undefined;
  const isLast = !entry || entry.edit.at + entry.edit.piece.length === entry.edit.before.length;
  const leaves = [
    ...(repos.length > 0 ? ['the hub gives it a new number'] : []),
    ...(entry?.isElsewhere ? ['the entry comes back where new ones go, in another file'] : []),
    ...(isLast || entry.isElsewhere ? [] : ['the entry comes back at the end of the file']),
  ];
  return {
    command: 'repo restore',
    given,
    ...(leaves.length > 0 ? { restores: 'partial', leaves: leaves.join('; ') } : { restores: 'full' }),
  };
}

function entryGiven({ repos, arches }: Entry): Readonly<Record<string, string>> {
  return { from: repos.map(({ name, url }) => `${name}=${url}`).join(','), arches: arches.join(',') };
}

function linkText({ tag, repo, priority, mode, arches }: Link): string {
  const parts = [tag, repo, String(priority)];
  if (mode !== 'koji') parts.push(mode);
  if (arches) parts.push(arches.trim().split(/\s+/).join('+'));
  return parts.join('/');
}

/** A link as `restoreParams` takes it. */
export function readLink(text: string): Omit<Link, 'mode'> & { readonly mode: string | null } {
  const [, tag = '', repo = '', priority = '', mode = null, arches = null] = LINK.exec(text) ?? [];
  return { tag, repo, priority: Number(priority), mode, arches };
}

/** The entry by which the same bytes would be written again that `edit` takes out; null: there is none that may be. */
export function entryAgain(
  { label, arches, repos }: Configured,
  edit: Edit,
  settings: Settings,
): Entry | null {
  const isDnf = settings.backend === 'reposync';
  const body = bodyOf(edit.piece.toString('latin1'));
  const [first = ''] = arches;
  // In a file of dnf stands the address of each arch.
  const urls = isDnf
    ? [(url: string) => url, (url: string) => url.replaceAll(first, '$arch')]
    : [(url: string) => url];
  for (const urlOf of urls) {
    const entry = { label, arches, repos: repos.map(({ name, url }) => ({ name, url: urlOf(url) })) };
    if (bodyOf(isDnf ? dnfRepoFile(entry) : mrepoBlock(entry)) !== body) continue;
    const from = entry.repos.map(({ name, url }) => ({ name, value: url }));
    try {
      readAsk({ label, from, arches, mirror: true }, settings);
      return entry;
    } catch {
      return null;
    }
  }
  return null;
}

/** What stands below the mark. */
function bodyOf(text: string): string {
  const lines = text.replace(/^\n+/, '');
  return lines.slice(lines.indexOf('\n') + 1);
}
