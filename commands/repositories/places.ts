import { filled, type Settings } from './settings.ts';

/** Where a repository of a label is below the mirror's directories. */
export function placeOf(label: string, arch: string, repo: string): string {
  return `${label}-${arch}/RPMS.${repo}`;
}

/** Is it an address of this label in any of the config's templates? */
export function isPlaceOf(url: string, label: string, { destinations }: Settings): boolean {
  return Object.values(destinations).some((template) => repoAt(url, label, template) !== null);
}

/** Which repository of the label is at this address of the hub, by one template; null: none. */
export function repoAt(url: string, label: string, template: string): string | null {
  const mark = '\u0000';
  const [head = '', tail = ''] = filled(template, label, mark).split(mark);
  const end = tail === '' || tail.endsWith('/') ? tail : `${tail}/`;
  if (!url.startsWith(head) || !url.endsWith(end) || url.length <= head.length + end.length) return null;
  const repo = url.slice(head.length, url.length - end.length);
  return /^[A-Za-z0-9_-]+$/.test(repo) ? repo : null;
}

/** Is it an address of the mirror's own, of whichever label, with nothing odd in it? */
export function isOnMirror(url: string, { destinations }: Settings): boolean {
  return Object.values(destinations).some((template) => {
    const [head = ''] = template.split(/<label>|<repo>|\$/, 1);
    // What begins with the label is no place yet.
    if (!/^(https?:\/\/[^/]+|file:\/\/\/[^/]+)\/./.test(`${head}x`)) return false;
    const rest = url.startsWith(head) ? url.slice(head.length).replaceAll('$arch', 'arch') : null;
    return rest !== null && /^[A-Za-z0-9._~+/-]+$/.test(rest) && !/(^|\/)\.{1,2}(\/|$)/.test(rest);
  });
}
