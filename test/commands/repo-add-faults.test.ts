import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasCurl, MIRROR } from '../../sandbox/mirror/mirror.ts';
import type { Request } from '../../src/core/request.ts';
import { run } from '../../src/core/runner.ts';
import { PEOPLE } from '../support/kernel.ts';
import { type RepoSite, startRepoSite } from '../support/repo-site.ts';
import { mayMount } from './mirror-rig.ts';

const { maria, adam, bea } = PEOPLE;
const TAG = 'foreman-nightly-el8-build';
const LINE = `repo add epel10 from="os=http://mirror.example.org/os/$arch/" tag=${TAG}`;

describe.skipIf(!hasCurl)(
  'what goes wrong on the way of repo add, when it was approved',
  { timeout: 120_000 },
  () => {
    let site: RepoSite;
    /** Done once, just before the entry is written. */
    let before: (() => void) | null = null;
    let askers = 0;
    beforeAll(async () => {
      site = await startRepoSite(
        { announce: { audience: 'packagers' } },
        {
          through: (world) => ({
            ...world,
            hostWriter: {
              run: (...call) => {
                before?.();
                before = null;
                return world.hostWriter.run(...call);
              },
            },
          }),
        },
      );
    });
    afterAll(() => site?.close());
    beforeEach(() => site.reset());

    const asker = (who = maria) => ({ ...who, id: `${who.id}${askers++}` });
    async function approved(): Promise<string> {
      const { id, status, says } = await site.kernel.ask(asker(), LINE);
      expect([status, says]).toEqual(['planned', says]);
      await site.kernel.say(bea, `approve ${id}`);
      return id;
    }
    const ends = (id: string) => site.kernel.until(id, 'succeeded', 'failed', 'unknown', 'planned');
    async function failsIn(id: string, why: RegExp): Promise<Request> {
      const failed = await ends(id);
      expect([failed.status, failed.says]).toEqual(['failed', expect.stringMatching(why)]);
      // The entry stands, and nothing that comes after the sync was done or said.
      expect(failed.plan?.steps.map(({ state }) => state).slice(0, 3)).toEqual(['done', 'failed', 'todo']);
      expect(site.calls()).toEqual([]);
      return failed;
    }
    async function resumes(id: string): Promise<void> {
      await site.kernel.say(adam, `resume ${id}`);
      const resumed = await ends(id);
      expect([resumed.status, resumed.says]).toEqual([
        'succeeded',
        expect.stringMatching(/^All \d+ steps are done, and checked/),
      ]);
      expect(site.config().match(/^\[epel10\]$/gm)).toHaveLength(1);
      expect(site.calls()).toHaveLength(4);
    }

    it('upstream goes half-way: the request says so, and a resume does the rest', async () => {
      const id = await approved();
      site.sandbox.upstream?.behave({ gone: 1 });
      await failsIn(id, /mrepo did not do all of it: mrepo: Mirroring failed/);
      site.sandbox.upstream?.behave('well');
      await resumes(id);
    });

    it.each([
      ['redirects for ever', 'redirects', /there is no repodata\/repomd\.xml at http:\S+.*redirects/],
      ['answers everything with a page', 'html', /what http:\S+ answers is no repository/],
    ] as const)('upstream %s from then on: an undo takes back what was done', async (_, how, why) => {
      const first = site.config();
      const id = await approved();
      // Between the last look at upstream and the sync.
      before = () => site.sandbox.upstream?.behave(how);
      await failsIn(id, why);
      const undo = await site.through(adam, `undo ${id}`);
      expect([undo.status, undo.says]).toEqual(['succeeded', expect.any(String)]);
      expect([site.config(), site.calls()]).toEqual([first, []]);
    });

    it('mrepo.conf is edited by hand between the last look and the edit: it is left as that person left it', async () => {
      const id = await approved();
      const theirs = `${site.config()}\n[rhel9]\nos = http://somewhere/\n`;
      before = () => site.writeConfig(theirs);
      const failed = await ends(id);
      expect([failed.status, failed.says]).toEqual([
        'failed',
        expect.stringMatching(/mrepo\.conf has changed since this was planned, so it was left alone/),
      ]);
      expect([site.config(), site.calls()]).toEqual([theirs, []]);
      // The same lines behind what is there now want another yes.
      await site.kernel.say(adam, `resume ${id}`);
      const again = await ends(id);
      expect([again.status, again.plan?.n]).toEqual(['planned', 2]);
      await site.kernel.say(bea, `approve ${id} plan=2`);
      expect(await ends(id)).toMatchObject({ status: 'succeeded' });
      expect(site.config().startsWith(theirs)).toBe(true);
    });

    it('two people ask for the same at the same moment, and two workers run it: one does it, the other finds it done', async () => {
      const asked = await Promise.all([maria, adam].map((who) => site.kernel.say(asker(who), LINE)));
      const ids = asked.map((said) => (said.kind === 'request' ? said.id : ''));
      for (const id of ids) {
        await site.kernel.until(id, 'planned');
        await site.kernel.say(bea, `approve ${id}`);
      }
      const status = async () => Promise.all(ids.map(async (id) => (await site.kernel.load(id)).status));
      for (let tries = 0; (await status()).some((one) => one !== 'succeeded'); tries++) {
        if (tries > 300) throw new Error(`they are ${await status()}`);
        await Promise.all(ids.map((id) => run(id, site.kernel.work, new AbortController().signal)));
        await pause(50);
      }
      expect(site.config().match(/^\[epel10\]$/gm)).toHaveLength(1);
      expect(site.calls().map((call) => call.split(' ')[0])).toEqual([
        'createExternalRepo',
        'addExternalRepoToTag',
        'newRepo',
        'newRepo',
      ]);
      const notices = await site.kernel.store.notices.pending(50);
      expect(notices.filter(({ notice }) => ids.includes(notice.key.split(':')[0] ?? ''))).toHaveLength(1);
    });

    it('no write of the sync goes through (a limit of the account): the request says that it did not arrive, and a resume does the rest', async () => {
      const mrepo = join(site.root, 'usr/bin/mrepo');
      const real = readFileSync(mrepo, 'utf8');
      // 8 kB, where a package has 20.
      writeFileSync(mrepo, real.replace('\n', '\nulimit -f 16\n'));
      chmodSync(mrepo, 0o755);
      const id = await approved();
      const failed = failsIn(id, /mrepo did not do all of it: mrepo: Mirroring failed/);
      await failed.finally(() => writeFileSync(mrepo, real));
      await resumes(id);
    });

    it.skipIf(!mayMount)(
      'the disk fills up in the middle of the sync: what came stays, and a resume does the rest (needs the right to mount)',
      async () => {
        const disk = join(site.root, MIRROR.srcdir);
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=400k,mode=755', 'steward-test', disk]);
        try {
          site.sandbox.upstream?.behave({ slowMs: 700 });
          const id = await approved();
          await site.kernel.settle();
          const asked = site.sandbox.upstream?.asked ?? [];
          const seen = asked.length;
          while (!asked.slice(seen).some((path) => path.endsWith('.rpm'))) await pause(20);
          spawnSync('dd', ['if=/dev/zero', `of=${join(disk, 'somebody-else')}`, 'bs=4k'], {
            timeout: 10_000,
          });
          await failsIn(
            id,
            /the disk of \S+ filled up \([\d.]+ (kB|bytes) free now\); what has arrived stays/,
          );
          rmSync(join(disk, 'somebody-else'));
          site.sandbox.upstream?.behave('well');
          await resumes(id);
        } finally {
          execFileSync('umount', [disk]);
        }
      },
    );
  },
);
