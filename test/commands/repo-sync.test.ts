import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasCurl, MIRROR } from '../../sandbox/mirror/mirror.ts';
import { fillUpstream } from '../../sandbox/mirror/upstream.ts';
import { OPEN } from '../../src/core/listing.ts';
import type { Request } from '../../src/core/request.ts';
import { run } from '../../src/core/runner.ts';
import { type Kernel, PEOPLE } from '../support/kernel.ts';
import { until } from '../support/process.ts';
import { type RepoSite, startRepoSite } from '../support/repo-site.ts';
import { thorough } from '../support/thorough.ts';

const { adam, bea } = PEOPLE;
const OS = [
  'bash-5.2.32-1.fc41.x86_64.rpm',
  'koji-1.35.0-1.fc41.noarch.rpm',
  'ruby-3.3.5-15.fc41.x86_64.rpm',
];

/** As the config's own default has it, and the hub keeps it. */
const SERVED = 'file:///mnt/koji/external-repos/www/fedora41-$arch/RPMS.os/';

let site: RepoSite;
let kernel: Kernel;
let sandbox: RepoSite['sandbox'];
let config: string;
const at = (path: string): string => join(site.root, path);
const packages = (): readonly string[] =>
  readdirSync(at(`${MIRROR.srcdir}/fedora41-x86_64/os`)).filter((name) => name.endsWith('.rpm'));
const offer = (names: readonly string[]): void =>
  fillUpstream(join(sandbox.upstream?.dir ?? '', 'os/x86_64'), names, { bytes: 20_000 });

beforeAll(async () => {
  site = await startRepoSite({
    deletions: { count: 0, percent: 0 },
    announce: { audience: 'packagers' },
  });
  ({ kernel, sandbox } = site);
  config = site.config();
});
afterAll(() => site?.close());
beforeEach(async () => {
  // One that is open would be joined.
  for (const { id } of await kernel.store.requests.list({ status: OPEN, limit: 10 }))
    await kernel.say(adam, `cancel ${id}`);
  site.reset();
  for (const place of [MIRROR.wwwdir, MIRROR.state, `${MIRROR.srcdir}/fedora41-x86_64`])
    rmSync(at(place), { recursive: true, force: true });
  const { externalRepos, tagExternalRepos } = kernel.hub.world;
  externalRepos.push({ id: 41, name: 'fedora41-os', url: SERVED });
  tagExternalRepos.push({ tagId: 4, repoId: 41, priority: 50, mergeMode: 'koji', arches: null });
  offer(OS);
});

async function approved(line = 'repo sync fedora41'): Promise<string> {
  const { id, status, says } = await kernel.ask(adam, line);
  expect([status, says]).toEqual(['planned', says]);
  await kernel.say(bea, `approve ${id}`);
  return id;
}

/** One attempt of a worker after another, until it waits for no job any more. */
async function ends(id: string): Promise<Request> {
  for (let tries = 0; tries < 400; tries++) {
    await run(id, kernel.work, new AbortController().signal);
    const request = await kernel.load(id);
    if (request.status !== 'running') return request;
    await pause(50);
  }
  throw new Error(`${id} does not come to an end`);
}

/** Waits until the job has begun to fetch. */
async function fetching(id: string): Promise<void> {
  const before = sandbox.upstream?.asked.length ?? 0;
  await run(id, kernel.work, new AbortController().signal);
  for (let tries = 0; tries < 200; tries++) {
    if (sandbox.upstream?.asked.slice(before).some((path) => path.endsWith('.rpm'))) return;
    await pause(25);
  }
  throw new Error('nothing is fetched');
}

/** Process groups of the jobs that go on. */
function groups(): readonly number[] {
  const runs = at('var/lib/steward-jobs/mrepo/runs');
  return readdirSync(runs)
    .filter((name) => !existsSync(join(runs, name, 'code')) && existsSync(join(runs, name, 'began')))
    .map((name) => Number(readFileSync(join(runs, name, 'began'), 'utf8').split(' ')[0]));
}

describe.skipIf(!hasCurl)('repo sync', () => {
  it('says what it would do, does it after a yes, and shows what came of it; builds have it, and packagers know', async () => {
    const asked = await kernel.ask(adam, 'repo sync fedora41');
    expect(asked.plan?.steps.map(({ step }) => step.key)).toEqual([
      'sync:fedora41',
      'newrepo:katello-nightly-el8-build',
      'ready:katello-nightly-el8-build',
      'announce',
    ]);
    expect(asked.plan?.steps[0]?.step).toMatchObject({
      title: 'Sync fedora41 on mirror: os, updates for x86_64',
      effect: {
        kind: 'job',
        name: 'mrepo',
        args: ['sync', 'mrepo', 'fedora41', 'x86_64', 'os,updates', '0,0'],
      },
    });
    await kernel.say(bea, `approve ${asked.id}`);
    expect(await ends(asked.id)).toMatchObject({
      status: 'succeeded',
      answer: { lines: ['done: 2 of 2 repositories are good, 0 packages deleted', expect.any(String)] },
    });
    expect(packages()).toEqual(OS);
    expect(kernel.hub.history().map(({ method, args }) => [method, args[0]])).toEqual([
      ['newRepo', 'katello-nightly-el8-build'],
    ]);
    expect((await kernel.store.notices.pending(10)).map(({ notice }) => notice.title)).toEqual([
      'Fresh content: fedora41 was synced',
    ]);
  });

  it('asks again, with the number, before it deletes what upstream has no more', async () => {
    await ends(await approved());
    offer(OS.slice(0, 1));
    const id = await approved();
    const again = await ends(id);
    expect(again).toMatchObject({ status: 'planned', plan: { n: 2 } });
    expect(again.plan?.steps[0]?.step.changes[0]?.after).toBe(
      'as upstream has them, it stops rather than delete more than 2 of them',
    );
    expect(again.plan?.notes[0]).toMatch(/^Upstream has 2 of the 4 packages here no more/);
    expect(packages()).toEqual(OS);
    await kernel.say(bea, `approve ${id} plan=2`);
    expect(await ends(id)).toMatchObject({ status: 'succeeded' });
    expect(packages()).toEqual(OS.slice(0, 1));
  });

  it('asked for by several at once runs once: whoever comes later is shown the one that is open', async () => {
    const said = await Promise.all(
      [adam, bea, adam, bea].map((who) => kernel.say(who, 'repo sync fedora41')),
    );
    const ids = new Set(said.map((one) => (one.kind === 'request' ? one.id : '')));
    expect(ids.size).toBe(1);
    await kernel.settle();
    const [id = ''] = ids;
    await kernel.say(bea, `approve ${id}`);
    await fetching(id);
    expect(await kernel.say(bea, 'repo sync fedora41')).toMatchObject({ id, isNew: false, another: true });
    expect(await kernel.say(adam, 'repo sync fedora41')).toMatchObject({ kind: 'request', id });
    expect((await ends(id)).status).toBe('succeeded');
    expect(await kernel.say(bea, 'repo sync fedora41')).toMatchObject({ isNew: true });
    expect(packages()).toEqual(OS);
  });

  it('refuses what is not configured, and what no shell should see', async () => {
    expect(await kernel.ask(adam, 'repo sync fedora40')).toMatchObject({
      status: 'refused',
      says: 'fedora40 is not configured on the mirror mirror. Did you mean fedora41?',
    });
    expect((await kernel.ask(adam, 'repo sync fedora41-os')).says).toContain('Did you mean fedora41?');
    writeFileSync(at(MIRROR.config), config.replace(/^os = .*/m, 'os = http://h/`id`/'));
    expect((await kernel.ask(adam, 'repo sync fedora41')).says).toMatch(
      /^The mirror mirror cannot sync fedora41: the address of os of \[fedora41\]/,
    );
  });

  it('plans anew where the entry was edited after the yes', async () => {
    const id = await approved();
    writeFileSync(at(MIRROR.config), config.replace(/^updates = .*\n/m, ''));
    expect(await ends(id)).toMatchObject({ status: 'planned', plan: { n: 2 } });
  });

  it('is stopped by cancel, which says how things stand', async () => {
    sandbox.upstream?.behave({ slowMs: 10_000 });
    const id = await approved();
    await fetching(id);
    await kernel.say(adam, `cancel ${id}`);
    const ended = await ends(id);
    expect([ended.status, ended.plan?.steps[0]?.says]).toEqual([
      'cancelled',
      expect.stringMatching(
        /^Stopped by adam; the log says: .*stopped while it did: sync\. What has arrived/,
      ),
    ]);
    expect(groups()).toEqual([]);
  });

  describe.skipIf(!thorough)('when something dies in the middle (with STEWARD_TESTS=all)', () => {
    it('the sync itself: it is lost and said to be, and a resume syncs anew', async () => {
      sandbox.upstream?.behave({ slowMs: 3_000 });
      const id = await approved();
      await fetching(id);
      await until(async () => groups().length > 0);
      for (const group of groups()) process.kill(-group, 'SIGKILL');
      expect((await ends(id)).status).toBe('failed');
      sandbox.upstream?.behave('well');
      await kernel.say(adam, `resume ${id}`);
      expect(await ends(id)).toMatchObject({ status: 'succeeded' });
      expect(packages()).toEqual(OS);
    });

    it('the connection, again and again: the sync goes on, and its end is seen', async () => {
      sandbox.upstream?.behave({ slowMs: 300 });
      const id = await approved();
      await fetching(id);
      for (let times = 0; times < 5; times++) {
        await sandbox.misbehave('mirror', 'cut');
        await run(id, kernel.work, new AbortController().signal);
      }
      expect(await ends(id)).toMatchObject({ status: 'succeeded' });
    });

    it('the worker, in the middle of a look: the next one finds the same sync', async () => {
      sandbox.upstream?.behave({ slowMs: 300 });
      const id = await approved();
      await fetching(id);
      const dying = new AbortController();
      const attempt = run(id, kernel.work, dying.signal);
      dying.abort();
      await attempt;
      await kernel.lapse();
      expect(await ends(id)).toMatchObject({ status: 'succeeded' });
      expect(
        (await kernel.store.requests.events(id)).filter(
          (event) => event.type === 'step-started' && event.data.key === 'sync:fedora41',
        ),
      ).toHaveLength(1);
    });

    it('upstream: the request says what failed, and what is there stays', async () => {
      sandbox.upstream?.behave({ gone: 2 });
      const id = await approved();
      const failed = await ends(id);
      expect([failed.status, failed.says]).toEqual([
        'failed',
        expect.stringContaining('mrepo did not do all of it: mrepo: Mirroring failed for'),
      ]);
      expect(packages()).toHaveLength(2);
    });
  });
});
