/** Arches that mrepo and Koji both know. */
const ARCHES = [
  'x86_64',
  'i386',
  'i586',
  'i686',
  'aarch64',
  'armhfp',
  'ppc64',
  'ppc64le',
  's390x',
  'riscv64',
];

/** Sections with a meaning of their own to mrepo. */
export const SETTING_SECTIONS: ReadonlySet<string> = new Set(['main', 'repos', 'variables', 'vars']);
// Python's ConfigParser, and mrepo's words for none and all.
const RESERVED_LABELS = new Set([...SETTING_SECTIONS, 'default', 'all', 'none']);

/** Keys of a section of mrepo that are no repositories. */
export const SETTING_KEYS: ReadonlySet<string> = new Set([
  'arch',
  'dist',
  'disabled',
  'fuseiso',
  'iso',
  'metadata',
  'name',
  'promoteepoch',
  'release',
  'repo',
  'rhnrelease',
  'systemid',
  'unionfs',
]);
// RPMS.all mrepo makes of all of them.
const RESERVED_KEYS = new Set([...SETTING_KEYS, 'all']);

/** Why it can be no label of a new repository, as a sentence; null: it can. */
export function wrongInLabel(label: string): string | null {
  if (label.includes('://'))
    return 'An address goes behind from=, with a name before it: from=os=https://…. The label is a new word of yours, like epel10.';
  if (/\s/.test(label))
    return `“${shown(label)}” is more than one word, and a label is one: say ${shown(label.toLowerCase().replace(/\s+/g, ''))}. What else there is takes a name before it, like tag=….`;
  if (!/^[a-z][a-z0-9._+-]*$/.test(label) || label.includes('..'))
    return `“${shown(label)}” can be no label: small letters, digits, dots, dashes, + and _, beginning with a letter.`;
  if (label.length > 50) return 'A label has at most 50 characters.';
  if (RESERVED_LABELS.has(label)) return `“${label}” means something else to mrepo. Choose another label.`;
  const arch = ARCHES.find((one) => label === one || label.endsWith(`-${one}`));
  if (arch)
    return `“${label}” ends in an arch, which mrepo takes for the only arch of it. Leave -${arch} out and say arches=${arch}.`;
  return null;
}

/** Why it can be no repository of a label; null: it can. */
export function wrongInRepo(repo: string): string | null {
  if (!/^[a-z][a-z0-9_-]{0,39}$/.test(repo))
    return `“${shown(repo)}” can be no repository: small letters, digits, dashes and _, beginning with a letter, at most 40.`;
  if (RESERVED_KEYS.has(repo))
    return `“${repo}” is a setting of mrepo, so no repository can be called that. os and updates are usual.`;
  return null;
}

/** Why it is no arch; null: it is one. */
export function wrongInArch(arch: string): string | null {
  return ARCHES.includes(arch)
    ? null
    : `“${shown(arch)}” is no arch that can be mirrored. There are: ${ARCHES.join(', ')}.`;
}

/** As much of what somebody typed as fits into a sentence. */
export function shown(text: string): string {
  const plain = text
    .toWellFormed()
    .replace(/[^\x21-\x7e]+/g, ' ')
    .trim();
  return plain.length > 60 ? `${plain.slice(0, 59)}…` : plain;
}
