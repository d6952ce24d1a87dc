import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MIRROR, makeMirror } from '../../sandbox/mirror/mirror.ts';
import { PEOPLE } from '../support/kernel.ts';
import { temporaryDir } from '../support/openssl.ts';
import { type RepoSite, startRepoSite } from '../support/repo-site.ts';
import { buildRpms, offerRpms } from '../support/rpms.ts';
import { has, THREE } from './mirror-rig.ts';

const missing = ['curl', 'dnf', 'createrepo_c', 'rpmbuild'].filter((program) => !has(program));
const { maria, adam } = PEOPLE;
const TAG = 'foreman-nightly-el8-build';

describe.skipIf(missing.length > 0)(
  `repo add with the real dnf reposync and createrepo_c${missing.length > 0 ? ` (missing here: ${missing.join(', ')})` : ''}`,
  { timeout: 120_000 },
  () => {
    const place = temporaryDir();
    let site: RepoSite;
    let line: string;
    let served: string;
    beforeAll(async () => {
      const rpms = buildRpms(place.dir, 'noarch');
      site = await startRepoSite({
        backend: 'reposync',
        announce: { audience: 'packagers' },
        // Nothing stands between dnf and upstream, so it has its own address.
        allowInside: ['127.0.0.0/8'],
      });
      makeMirror(site.root, { backend: 'reposync' });
      const upstream = join(site.sandbox.upstream?.dir ?? '', 'os/x86_64');
      rmSync(upstream, { recursive: true });
      offerRpms(upstream, THREE, rpms);
      line = `repo add ants from="os=${site.sandbox.upstream?.url}os/$arch/" tag=${TAG}`;
      served = join(site.root, MIRROR.mirrorDir, 'ants-x86_64/RPMS.os');
      site.keep();
    });
    afterAll(async () => {
      await site?.close();
      place.remove();
    });
    beforeEach(() => site.reset());
    const entries = () =>
      readdirSync(join(site.root, MIRROR.reposDir)).filter((name) => name.endsWith('.repo'));
    const notices = async (id: string) =>
      (await site.kernel.store.notices.pending(20)).filter(({ notice }) => notice.key.startsWith(`${id}:`));

    it('mirrors it with metadata that is fresh and holds, and hub, tag and people have it', async () => {
      const begun = Date.now();
      const request = await site.through(maria, line);
      expect([request.status, request.says]).toEqual([
        'succeeded',
        expect.stringMatching(/^All \d+ steps are done, and checked/),
      ]);
      expect(readFileSync(join(site.root, MIRROR.reposDir, 'ants.repo'), 'utf8')).toContain(
        `[ants-os-x86_64]`,
      );
      expect(statSync(join(served, 'repodata/repomd.xml')).mtimeMs).toBeGreaterThan(begun - 2_000);
      expect(packagesOf(served)).toEqual(THREE.map((name) => `Packages/a/${name}`));
      expect(site.calls()).toEqual([
        'createExternalRepo ["ants-os","file:///mnt/koji/external-repos/www/ants-$arch/RPMS.os/"]',
        `addExternalRepoToTag ["${TAG}","ants-os",15]`,
        `newRepo ["${TAG}"]`,
        'newRepo ["katello-nightly-el8-build"]',
      ]);
      expect((await notices(request.id)).map(({ notice }) => notice.title)).toEqual([
        'New external repository: ants-os',
      ]);
      expect(site.log.lines.filter((said) => said.startsWith('error'))).toEqual([]);
    });

    it('says what happened where upstream goes half-way; a resume does the rest, and an undo takes it back', async () => {
      site.sandbox.upstream?.behave({ gone: 1 });
      const request = await site.through(maria, line);
      expect([request.status, request.says]).toEqual([
        'failed',
        expect.stringMatching(/dnf reposync of ants-os-x86_64 ended with exit code 1/),
      ]);
      expect(request.plan?.steps.map(({ state }) => state).slice(0, 3)).toEqual(['done', 'failed', 'todo']);
      expect([site.calls(), await notices(request.id)]).toEqual([[], []]);

      site.sandbox.upstream?.behave('well');
      await site.kernel.say(adam, `resume ${request.id}`);
      const resumed = await site.kernel.until(request.id, 'succeeded', 'failed', 'planned');
      expect([resumed.status, resumed.says]).toEqual(['succeeded', expect.any(String)]);
      expect(packagesOf(served)).toHaveLength(3);
      expect(site.calls()).toHaveLength(4);
      expect(await notices(request.id)).toHaveLength(1);

      const undo = await site.through(adam, `undo ${request.id}`);
      expect([undo.status, undo.says]).toEqual(['succeeded', expect.any(String)]);
      expect(entries()).toEqual([]);
      expect(packagesOf(served)).toHaveLength(3);
    });

    it('an undo of what failed half-way takes the entry back, and nothing was on the hub', async () => {
      site.sandbox.upstream?.behave({ gone: 1 });
      const request = await site.through(maria, line);
      expect(request.status).toBe('failed');
      const undo = await site.through(adam, `undo ${request.id}`);
      expect([undo.status, undo.says]).toEqual(['succeeded', expect.any(String)]);
      expect(entries()).toEqual([]);
      expect(site.calls()).toEqual([]);
    });
  },
);

/** The packages that the metadata in a directory names. Throws where a checksum of it, or of a package, does not hold. */
function packagesOf(dir: string): readonly string[] {
  const hold = (path: string, kind: string, sum: string): Buffer => {
    const bytes = readFileSync(join(dir, path));
    expect([path, createHash(kind).update(bytes).digest('hex')]).toEqual([path, sum]);
    return bytes;
  };
  const named = (xml: string, element: string) =>
    [...xml.matchAll(new RegExp(`<${element}\\b[\\s\\S]*?</${element}>`, 'g'))].map(([text]) => {
      const [, kind = '', sum = ''] = /<checksum type="(\w+)"[^>]*>(\w+)</.exec(text) ?? [];
      return { text, path: /<location href="([^"]*)"/.exec(text)?.[1] ?? '', kind, sum };
    });
  const files = named(readFileSync(join(dir, 'repodata/repomd.xml'), 'utf8'), 'data');
  const held = files.map((file) => ({ ...file, bytes: hold(file.path, file.kind, file.sum) }));
  const primary = held.find(({ text }) => text.includes('type="primary"'));
  const packages = named(gunzipSync(primary?.bytes ?? Buffer.alloc(0)).toString(), 'package');
  for (const { path, kind, sum } of packages) hold(path, kind, sum);
  return packages.map(({ path }) => path).toSorted();
}
