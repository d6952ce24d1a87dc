import { describe, expect, it } from 'vitest';
import { dnfRepoFile, type Entry, mrepoBlock, newFile } from '../../commands/repositories/block.ts';
import type { Configured } from '../../commands/repositories/labels.ts';
import { readMrepoConf } from '../../commands/repositories/mrepo-conf.ts';
import { entryAgain, readLink, restoreParams, restoringOf } from '../../commands/repositories/restoration.ts';
import { settings } from '../../commands/repositories/settings.ts';

const MREPO = settings.parse({ host: 'mirror', arches: ['x86_64', 'aarch64'] });
const DNF = settings.parse({ host: 'mirror', backend: 'reposync', arches: ['x86_64', 'aarch64'] });
const ENTRY: Entry = {
  label: 'fedora41',
  arches: ['x86_64', 'aarch64'],
  repos: [{ name: 'os', url: 'https://mirror.example.org/41/os/$arch/' }],
};
const there = (text: string, { arches, repos }: Omit<Entry, 'label'>): Configured => ({
  label: 'fedora41',
  file: { path: '/etc/mrepo.conf', bytes: Buffer.from(text), conf: readMrepoConf(text) },
  arches,
  repos,
});

describe('what repo retire takes away', () => {
  it('can be written again to the byte, from mrepo’s entry and from a file of dnf', () => {
    const block = mrepoBlock(ENTRY);
    expect(entryAgain(there(block, ENTRY), newFile(`\n${block}`), MREPO)).toEqual(ENTRY);
    const file = dnfRepoFile(ENTRY);
    // As it is read there: with the address of the first arch.
    const repos = [{ name: 'os', url: 'https://mirror.example.org/41/os/x86_64/' }];
    const again = entryAgain(there(file, { ...ENTRY, repos }), newFile(file), DNF);
    expect(again && dnfRepoFile(again)).toBe(file);
  });

  it('is not promised back where other bytes would come, or an address that may not be mirrored', () => {
    const block = mrepoBlock(ENTRY);
    const other = { ...ENTRY, arches: ['aarch64', 'x86_64'] };
    expect(entryAgain(there(block, other), newFile(block), MREPO)).toBeNull();
    const odd = { ...ENTRY, repos: [{ name: 'os', url: "http://h/'`id`'/" }] };
    expect(entryAgain(there(mrepoBlock(odd), odd), newFile(mrepoBlock(odd)), MREPO)).toBeNull();
    const narrow = settings.parse({ host: 'mirror' });
    expect(entryAgain(there(block, ENTRY), newFile(block), narrow)).toBeNull();
  });

  it('is one line, with every link as it was; none with a password in it, or too long to be said', () => {
    const link = { tag: 'f41-build', repo: 'fedora41-os', priority: 20, mode: 'koji', arches: null };
    const simple = { ...link, tag: 'f42-build', mode: 'simple', arches: 'x86_64 aarch64' };
    const repos = [
      { name: 'fedora41-os', url: 'file:///mnt/koji/external-repos/www/fedora41-$arch/RPMS.os/' },
    ];
    const back = restoringOf('fedora41', { repos, links: [link, simple], entry: null }, MREPO);
    expect(back).toMatchObject({
      restores: 'partial',
      given: { links: 'f41-build/fedora41-os/20,f42-build/fedora41-os/20/simple/x86_64+aarch64' },
    });
    expect(restoreParams.parse(back?.given).links?.map(readLink)).toEqual([
      { ...link, mode: null },
      { ...simple, arches: 'x86_64+aarch64' },
    ]);
    const secret = [{ name: 'x', url: 'https://user:password@h/x/' }];
    expect(restoringOf('x', { repos: secret, links: [], entry: null }, MREPO)).toBeUndefined();
    const many = Array.from({ length: 60 }, (_, n) => ({ ...link, tag: `tag${n}` }));
    expect(restoringOf('x', { repos, links: many, entry: null }, MREPO)).toBeUndefined();
  });
});
