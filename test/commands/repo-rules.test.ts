import { describe, expect, it } from 'vitest';
import { isNetwork, wrongAddress } from '../../commands/repositories/addresses.ts';
import { wrongInLabel, wrongInRepo } from '../../commands/repositories/names.ts';
import { isPlaceOf, repoAt } from '../../commands/repositories/places.ts';
import { readAmount, readRepomd } from '../../commands/repositories/repomd.ts';
import { settings } from '../../commands/repositories/settings.ts';
import { isWrong, readUpstream } from '../../commands/repositories/url.ts';

const ALL = ['https', 'http', 'rsync'];
const says = (url: string): string => {
  const read = readUpstream(url, ALL);
  return isWrong(read) ? `${read.says} ${read.next}` : read.url;
};

describe('an upstream’s address', () => {
  it.each([
    'https://mirror.example.org/fedora/41/os/$arch/',
    'http://mirror.example.org:8080/a/b~c/x_y-1.2+3/',
    'rsync://mirror.example.org/module/41/$arch/os/',
    'http://192.0.2.7/x/',
    'http://[2001:db8::1]:81/x/',
  ])('%s is let through', (url) => {
    expect(says(url)).toBe(url);
    expect(says(url.slice(0, -1))).toBe(url);
  });

  it.each([
    ['http://user:secret@h.example/x', /user or a password/],
    ['http://user@h.example/x', /user or a password/],
    ['http://user:pa/ss@h.example/x', /user or a password/],
    ['http://user:p@ss@h.example/x', /user or a password/],
    ["http://h.example/'x", /a quote/],
    ['http://h.example/`id`', /a backtick/],
    ['http://h.example/$(id)', /a \$/],
    ['http://h.example/$HOME', /a \$/],
    ['http://h.example/$archive', /a \$/],
    ['http://h.example/a b', /a space/],
    ['http://h.example/a\nb', /a line break/],
    ['http://h.example/%41', /a %/],
    ['http://h.example/;id', /a ;/],
    ['http://h.example/ä', /not plain/],
    ['http://h.example/\u0000', /not plain/],
    ['http://h.example/x[1]/', /a \[/],
    ['http://h.example/x?y=1', /a question/],
    ['http://h.example/../etc/', /directory/],
    ['http://h.example//x/', /two slashes/],
    ['http://h.example/$basearch/', /Say http:\/\/h.example\/\$arch\//],
    ['file:///etc', /file:\/\/ cannot/],
    ['ftp://h.example/x', /ftp:\/\/ cannot/],
    ['h.example/x', /is no address/],
    ['http://H.example/x', /small letters/],
    ['http://2130706433/x', /neither a name/],
    ['http://0x7f.1/x', /neither a name/],
    ['http://0x7f000001/x', /neither a name/],
    ['http://017700000001/x', /neither a name/],
    ['http://127.1/x', /neither a name/],
    ['http://0177.0.0.1/x', /neither a name/],
    ['http://h.example./x', /neither a name/],
    ['http://h.example:99999/x', /neither a name/],
    ['http:///x', /neither a name/],
    ['http://[::1/x', /a \[/],
    [`http://h.example/${'x'.repeat(600)}`, /at most 500/],
  ])('%s is refused', (url, why) => {
    expect(says(url)).toMatch(why);
  });

  it('does not show a password again', () => {
    expect(says('http://user:secret@h.example/x')).not.toContain('secret');
  });
});

describe('an address of an upstream’s host', () => {
  const none = { allowInside: [], ownNetworks: [] };

  it.each(['152.19.134.142', '2600:2701:4000::1', '203.0.113.9'])('%s may be connected to', (address) => {
    expect(wrongAddress(address, none)).toBeNull();
  });

  it.each([
    '127.0.0.1',
    '127.8.9.1',
    '0.0.0.0',
    '10.1.2.3',
    '172.31.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.100.100.200',
    '168.63.129.16',
    '224.0.0.1',
    '::1',
    '::',
    'fe80::1',
    'fe80::1%eth0',
    'fd00:ec2::254',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:0:7f00:1',
    '::7f00:1',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b::10.0.0.1',
    '64:ff9b:1:a9fe:a9:fe00::',
    '2002:7f00:1::',
    'ff02::1',
    'nonsense',
  ])('%s may not', (address) => {
    expect(wrongAddress(address, none)).not.toBeNull();
  });

  it('may where the config lets it, and may not in networks of the site itself', () => {
    const config = { allowInside: ['10.1.0.0/16', 'fd00::/8'], ownNetworks: ['198.51.100.0/24'] };
    expect(wrongAddress('10.1.2.3', config)).toBeNull();
    expect(wrongAddress('10.2.2.3', config)).toMatch(/private/);
    expect(wrongAddress('fd12::1', config)).toBeNull();
    expect(wrongAddress('198.51.100.7', config)).toMatch(/this site/);
    expect(wrongAddress('::ffff:198.51.100.7', config)).toMatch(/this site/);
  });

  it('networks are CIDR or one address', () => {
    expect(['10.0.0.0/8', '::/0', '192.0.2.1'].map(isNetwork)).toEqual([true, true, true]);
    expect(['10.0.0.0/33', 'x/8', '10/8', '::/129', '10.0.0.0/8/9'].some(isNetwork)).toBe(false);
  });
});

describe('a label and a repository', () => {
  it.each([
    'main',
    'repos',
    'vars',
    'variables',
    'default',
    'fedora41-x86_64',
    'a b',
    'a]',
    'a\nb',
    'Fedora41',
    '-a',
    'a..b',
    '',
  ])('“%s” can be no label', (label) => {
    expect(wrongInLabel(label)).not.toBeNull();
  });

  it('an address in place of the label is told where it goes, and a name of two words how it is written', () => {
    expect(wrongInLabel('epel10 https://mirror.example.org/os/')).toMatch(/^An address goes behind from=/);
    expect(wrongInLabel('EPEL 10')).toMatch(/say epel10\./);
  });

  it.each(['fedora41', 'epel10', 'centos-stream9', 'a'])('“%s” can', (label) => {
    expect(wrongInLabel(label)).toBeNull();
  });

  it.each(['name', 'arch', 'metadata', 'all', 'iso', 'Os', 'a b', 'a=b', ''])(
    '“%s” can be no repository',
    (repo) => {
      expect(wrongInRepo(repo)).not.toBeNull();
    },
  );
});

describe('what upstream says of itself', () => {
  const repomd = (data: string): string =>
    `<?xml version="1.0"?><repomd xmlns="http://linux.duke.edu/metadata/repo">${data}</repomd>`;
  const primary =
    '<data type="other"><size>9</size></data><data type="primary"><checksum type="sha256">x</checksum><location href="repodata/p.xml.gz"/><size>1234</size></data>';

  it('names the list of packages', () => {
    expect(readRepomd(repomd(primary))).toEqual({
      href: 'repodata/p.xml.gz',
      checksum: 'sha256',
    });
  });

  it.each([
    ['<!DOCTYPE html><html><body>Log in</body></html>', /web page/],
    [repomd(primary).slice(0, -20), /broken, or ends/],
    ['', /broken, or ends|something else/],
    ['<?xml version="1.0"?><feed/>', /something else/],
    [repomd(''), /names no list/],
    [repomd(primary.replace('repodata/p.xml.gz', '../../etc/passwd')), /names no list/],
    [repomd(primary.replace('repodata/p.xml.gz', 'http://elsewhere/p.xml.gz')), /names no list/],
    ['<!DOCTYPE r [<!ENTITY a "b">]><repomd>&a;</repomd>', /broken/],
  ])('or it is said what is wrong', (text, why) => {
    expect(readRepomd(text)).toMatch(why);
  });

  it('how many packages there are, and how large: reckoned where only the beginning was read', () => {
    const one = (bytes: number): string => `<package><size package="${bytes}" installed="1"/></package>`;
    const list = `<metadata xmlns="x" packages="3">${one(10)}${one(20)}`;
    expect(readAmount(`${list}${one(60)}</metadata>`)).toEqual({ packages: 3, bytes: 90, exact: true });
    expect(readAmount(list)).toEqual({ packages: 3, bytes: 45, exact: false });
    expect(readAmount('no list')).toBeNull();
  });

  it('is read in a moment, whatever upstream makes of the four megabytes that are taken from it', () => {
    const most = 4_194_304;
    const fill = (text: string): string => text.repeat(Math.ceil(most / text.length)).slice(0, most);
    const began = performance.now();
    expect(readAmount(fill('<metadata '))).toBeNull();
    expect(readAmount(`<metadata packages="3">${fill('<size ')}`)).toBeNull();
    expect(readAmount(`<metadata ${fill('packages="x ')}`)).toBeNull();
    expect(readRepomd(`<repomd>${fill('<a>').slice(0, 2_000_000)}`)).toMatch(/broken/);
    expect(performance.now() - began).toBeLessThan(5_000);
  });
});

describe('the hub’s addresses of the mirror', () => {
  const config = settings.parse({
    destinations: {
      main: 'file:///m/www/<label>-$arch/RPMS.<repo>/',
      fedora: 'http://hub/kojifiles/www/<label>-$arch/RPMS.<repo>/',
    },
  });

  it('are told by label, whatever they are called', () => {
    expect(isPlaceOf('file:///m/www/fedora41-$arch/RPMS.os/', 'fedora41', config)).toBe(true);
    expect(isPlaceOf('http://hub/kojifiles/www/fedora41-$arch/RPMS.os/', 'fedora41', config)).toBe(true);
    expect(isPlaceOf('file:///m/www/fedora41-$arch/RPMS.os/', 'fedora4', config)).toBe(false);
    expect(repoAt('file:///m/www/a-$arch/RPMS.updates/', 'a', config.destinations.main ?? '')).toBe(
      'updates',
    );
  });
});
