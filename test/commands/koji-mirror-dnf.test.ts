import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MIRROR } from '../../sandbox/mirror/mirror.ts';
import { temporaryDir } from '../support/openssl.ts';
import { buildRpms, offerRpms } from '../support/rpms.ts';
import { thorough } from '../support/thorough.ts';
import { has, type MirrorRig, startMirrorRig, THREE } from './mirror-rig.ts';

const missing = ['curl', 'dnf', 'createrepo_c', 'rpmbuild'].filter((program) => !has(program));
const [ant = '', bee = '', cat = ''] = THREE;

describe.skipIf(missing.length > 0)(
  `the script that syncs a mirror, with the real dnf reposync and createrepo_c${missing.length > 0 ? ` (missing here: ${missing.join(', ')})` : ''}`,
  () => {
    const place = temporaryDir();
    let noarch: string;
    let foreign: string;
    let rig: MirrorRig;
    let upstream: string;
    let mirrored: string;
    beforeAll(() => {
      noarch = buildRpms(join(place.dir, 'noarch'), 'noarch');
      foreign = buildRpms(join(place.dir, 'ppc64le'), 'ppc64le');
      return place.remove;
    });
    beforeEach(async () => {
      rig = await startMirrorRig({ backend: 'reposync' });
      upstream = join(rig.base, 'upstream/os/x86_64');
      mirrored = rig.at(`${MIRROR.mirrorDir}/fedora41-x86_64/RPMS.os`);
      rmSync(upstream, { recursive: true });
      offer(THREE);
      writeFileSync(
        rig.at(`${MIRROR.reposDir}/fedora41.repo`),
        `[fedora41-os-x86_64]\nname = os\nbaseurl = ${rig.upstream.url}os/x86_64/\nenabled = 0\ngpgcheck = 0\n`,
      );
    });
    afterEach(() => rig.close());

    const offer = (names: readonly string[], from = noarch): void => offerRpms(upstream, names, from);
    const there = (): readonly string[] => readdirSync(join(mirrored, 'Packages/a')).sort();

    /** Has upstream's list of packages say something else. */
    const forge = (change: (xml: string) => string): void => {
      const repodata = join(upstream, 'repodata');
      const md = join(repodata, 'repomd.xml');
      const [now = ''] = readdirSync(repodata).filter((name) => name.includes('primary.xml'));
      const packed = execFileSync(now.endsWith('.zst') ? 'zstd' : 'gzip', ['-dc', join(repodata, now)], {
        encoding: 'utf8',
        timeout: 10_000,
      });
      const xml = change(packed);
      writeFileSync(join(repodata, 'own-primary.xml'), xml);
      const sum = createHash('sha256').update(xml).digest('hex');
      const own = `<data type="primary"><checksum type="sha256">${sum}</checksum><location href="repodata/own-primary.xml"/></data>`;
      writeFileSync(md, readFileSync(md, 'utf8').replace(/<data type="primary">[\s\S]*?<\/data>/, own));
    };

    it('brings all of it, deletes what was said yes to, and nothing before', async () => {
      const first = await rig.sync();
      expect(first).toMatchObject({
        code: 0,
        last: 'done: 1 of 1 repositories are good, 0 packages deleted',
      });
      expect(first.log).toMatch(/^\(3\/3\): \S+\.rpm /m);
      expect(there()).toEqual(THREE);
      offer([ant, bee]);
      expect(await rig.sync()).toMatchObject({ code: 75 });
      expect(there()).toEqual(THREE);
      expect(rig.state()).toMatchObject({ would_delete: '1', of: '3' });
      const second = await rig.sync(1);
      expect(second).toMatchObject({
        code: 0,
        last: 'done: 1 of 1 repositories are good, 1 packages deleted',
      });
      expect(second.log).toMatch(/^\[DELETED\] .*cat-1-1.noarch.rpm$/m);
      expect(there()).toEqual([ant, bee]);
      expect(readFileSync(join(mirrored, 'repodata/repomd.xml'), 'utf8')).toContain('primary');
      expect(existsSync(rig.at(`${MIRROR.mirrorDir}/.steward`))).toBe(false);
    });

    it('brings packages of an arch that is not the mirror’s own', async () => {
      const packages = THREE.map((name) => name.replace('noarch', 'ppc64le'));
      offer(packages, foreign);
      expect(await rig.sync()).toMatchObject({ code: 0 });
      expect(there()).toEqual(packages);
    });

    it('says what is wrong where upstream is gone half-way, and goes on from there', async () => {
      rig.upstream.behave({ gone: 1 });
      const ran = await rig.sync();
      expect(ran).toMatchObject({ code: 1 });
      expect(ran.last).toMatch(/^dnf reposync of fedora41-os-x86_64 ended with exit code 1/);
      rig.upstream.behave('well');
      expect(await rig.sync()).toMatchObject({ code: 0 });
      expect(there()).toContain(cat);
    });

    it('brings no file of this host that upstream names, and does not say what checksum it has', async () => {
      const secret = join(rig.base, 'secret');
      writeFileSync(secret, 'the key of the CA');
      const lead = (location: string, bytes: string): void => {
        offer([ant]);
        forge((xml) =>
          xml.replace(/<location [^>]*>/, location).replace(/package="\d+"/, `package="${bytes}"`),
        );
      };
      for (const base of ['xml:base="file://', '\n xml:base\t=\n"file://']) {
        lead(`<location ${base}${rig.base}/" href="secret"/>`, '17');
        const ran = await rig.sync();
        expect(ran.last).toMatch(/has packages at other addresses \(xml:base/);
      }
      // Or in words that only a reader of XML puts together.
      const away = `xml:base="file://${rig.base}/"`;
      const size = (xml: string): string => xml.replace(/package="\d+"/, 'package="17"');
      const locate = (xml: string, location: string): string =>
        size(xml).replace(/<location [^>]*>/, location);
      const dtd = (xml: string, words: string): string =>
        xml.replace('?>', `?><!DOCTYPE metadata [${words}]>`);
      const forged: ((xml: string) => string)[] = [
        (xml) =>
          dtd(
            locate(xml, '<location href="secret"/>'),
            `<!ATTLIST location ${away.replace('=', ' CDATA ')}>`,
          ),
        (xml) =>
          dtd(
            locate(xml, '&b;<!-- <package><location href="secret"/> -->'),
            `<!ENTITY b '<location ${away.replace(':', '&#58;')} href="secret"/>'>`,
          ),
      ];
      for (const change of forged) {
        offer([ant]);
        forge(change);
        const ran = await rig.sync();
        expect(ran.last).toMatch(/has packages at other addresses \(xml:base/);
      }
      // Or by a redirect, or only by another file: what dnf makes of it stays here.
      writeFileSync(join(upstream, 'other.rpm'), 'something else');
      lead('<location href="other.rpm"/>', '14');
      const ran = await rig.sync();
      expect(ran.code).toBe(1);
      expect(ran.log).toContain('Calculated: not shown');
      expect(ran.log).not.toContain(createHash('sha256').update('something else').digest('hex'));
      expect(existsSync(join(mirrored, 'secret'))).toBe(false);
    });

    /** One package in the list, of these bytes and at this place, whatever of it is true. */
    const claim = (location: string, bytes: string): void => {
      const sum = createHash('sha256').update(bytes).digest('hex');
      offer([ant]);
      forge((xml) =>
        xml
          .replace(/<location [^>]*>/, location)
          .replace(/package="\d+"/, `package="${bytes.length}"`)
          .replace(/(<checksum type="sha256" pkgid="YES">)[0-9a-f]*/, `$1${sum}`),
      );
    };

    /** Has upstream one thing until its repomd.xml was read so often, and another from then on. */
    const turn = (after: number, change: () => void): void => {
      const [dir, good, other] = [
        join(rig.base, 'upstream'),
        join(rig.base, 'good'),
        join(rig.base, 'other'),
      ];
      cpSync(dir, good, { recursive: true });
      change();
      renameSync(dir, other);
      renameSync(good, dir);
      rig.upstream.behave({ other, after });
    };

    it('goes by the metadata that was looked at, also where upstream has other a moment later', async () => {
      writeFileSync(join(rig.base, 'secret.rpm'), 'known words');
      offer([ant]);
      // One for the count, one for dnf.
      turn(2, () => claim(`<location xml:base="file://${rig.base}/" href="secret.rpm"/>`, 'known words'));
      expect(await rig.sync()).toMatchObject({ code: 0 });
      expect(existsSync(join(mirrored, 'secret.rpm'))).toBe(false);
      expect(there()).toEqual([ant]);
    });

    /** The script with another number in it. */
    const limit = (name: string, from: string, to: string): void => {
      const script = join(rig.base, 'koji-mirror.job.sh');
      const text = readFileSync(script, 'utf8');
      expect(text).toContain(`${name}=${from}\n`);
      writeFileSync(script, text.replace(`${name}=${from}\n`, `${name}=${to}\n`));
    };

    it.skipIf(!thorough)(
      'fetches nothing by a list that is longer than what is looked at of one',
      async () => {
        const secret = 'known words';
        writeFileSync(join(rig.base, 'secret.rpm'), secret);
        offer([ant]);
        limit('most_unpacked', '8000000000', '100000');
        forge((xml) => {
          const [one = ''] = /<package [\s\S]*<\/package>/.exec(xml) ?? [];
          const sum = createHash('sha256').update(secret).digest('hex');
          const two = one
            .replace('<name>ant', '<name>bee')
            .replace(/<location [^>]*>/, `<location xml:base="file://${rig.base}/" href="secret.rpm"/>`)
            .replace(/package="\d+"/, `package="${secret.length}"`)
            .replace(/(<checksum type="sha256" pkgid="YES">)[0-9a-f]*/, `$1${sum}`);
          return xml.replace(one, `${one}<!-- </metadata> -->${' '.repeat(100_000)}${two}`);
        });
        expect(await rig.sync()).toMatchObject({ code: 1, last: expect.stringContaining('cut off') });
        expect(existsSync(join(mirrored, 'secret.rpm'))).toBe(false);
      },
    );

    it.skipIf(!thorough)('takes no more of metadata that has no end than it may', async () => {
      limit('most_fetched', '2000000000', '20000000');
      turn(1, () => {
        const md = join(upstream, 'repodata/repomd.xml');
        const location = /(<data type="primary">[\s\S]*?)<location[^>]*>/;
        const endless = readFileSync(md, 'utf8').replace(
          location,
          '$1<location xml:base="file:///dev" href="zero"/>',
        );
        writeFileSync(md, endless);
      });
      const ran = await rig.sync();
      expect(ran.last).toMatch(/^dnf makecache of fedora41-os-x86_64 ended with exit code 1/);
      expect(ran.log).toContain('file:///dev/zero');
    });

    it('brings nothing that upstream names and that is no package of it', async () => {
      const secret = join(rig.base, 'secret.rpm');
      writeFileSync(secret, 'known words');
      writeFileSync(join(upstream, 'index.html'), 'known words');
      const all = [
        `href="file://${secret}"`,
        'href="index.html"',
        'href="index&#46;html"',
        'href="a/.b.rpm"',
      ];
      const places = thorough ? all : all.slice(0, 1);
      for (const href of places) {
        claim(`<location ${href}/>`, 'known words');
        const ran = await rig.sync();
        expect(ran).toMatchObject({
          code: 1,
          last: expect.stringContaining('names what is no package of it'),
        });
        expect(existsSync(mirrored) ? readdirSync(mirrored) : []).toEqual([]);
      }
    });

    it('brings back what dnf deleted beyond what was said yes to, where its list reads otherwise to dnf', async () => {
      await rig.sync();
      offer([ant, bee]);
      // One is gone, and one is in a comment: named all the same where a list is only looked through.
      forge((xml) => {
        const at = xml.indexOf('</package>') + '</package>'.length;
        return `${xml.slice(0, at)}<!--\n${xml.slice(at).replace('</metadata>', '-->\n</metadata>')}`;
      });
      const ran = await rig.sync(1);
      expect(ran.log).toContain('WOULD-DELETE 2 of 3\n');
      expect(ran).toMatchObject({ code: 75, last: expect.stringMatching(/and they were brought back$/) });
      expect(there()).toEqual(THREE);
      expect(existsSync(rig.at(`${MIRROR.mirrorDir}/.steward`))).toBe(false);
    });

    it('takes a repository only as it was planned, and from an address that is plain', async () => {
      expect(await rig.sync(0, { repos: 'os,updates' })).toMatchObject({ code: 75 });
      writeFileSync(
        rig.at(`${MIRROR.reposDir}/fedora41.repo`),
        '[fedora41-os-x86_64]\nbaseurl = file:///etc\n',
      );
      expect((await rig.sync()).last).toMatch(
        /^the address of os of \[fedora41\] is not one that Steward syncs/,
      );
      rmSync(rig.at(`${MIRROR.reposDir}/fedora41.repo`));
      expect((await rig.sync()).last).toMatch(/is not in the configuration of reposync/);
    });
  },
);
