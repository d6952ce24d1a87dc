import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startRsync } from '../../sandbox/mirror/rsync.ts';
import type { Request } from '../../src/core/request.ts';
import { PEOPLE } from '../support/kernel.ts';
import { type RepoSite, startRepoSite } from '../support/repo-site.ts';
import { thorough } from '../support/thorough.ts';

const hasRsync = spawnSync('rsync', ['--version'], { timeout: 10_000 }).status === 0;

const { maria, adam, bea } = PEOPLE;
const TAG = 'foreman-nightly-el8-build';
const KATELLO = 'katello-nightly-el8-build';
const OS = 'os=http://mirror.example.org/os/$arch/';
const MAIN = 'file:///mnt/koji/external-repos/www/epel10-$arch/RPMS.os/';

/** A web server that is not up to any good. */
const odd = createServer((asked, answer) => {
  const to = (location: string) => answer.writeHead(302, { location }).end();
  const path = asked.url ?? '';
  if (path.startsWith('/inside/')) to('http://10.1.2.3/repodata/repomd.xml');
  else if (path.startsWith('/odd/')) to('http://0x7f.1/repodata/repomd.xml');
  else if (path.startsWith('/user/')) to('http://u:p@mirror.example.org/');
  else if (path.startsWith('/file/')) to('file:///etc/passwd');
  else if (path.startsWith('/plus/')) to('http://+mirror.example.org/repodata/repomd.xml');
  else if (path.startsWith('/login/')) answer.writeHead(403).end();
  else if (path.startsWith('/broken/')) answer.writeHead(500).end();
  else if (path.startsWith('/cut/')) answer.end('<?xml version="1.0"?><repomd><data type="primary">');
  else answer.end(`<?xml version="1.0"?><repomd>${'<a/>'.repeat(1_000_000)}</repomd>`);
});

let site: RepoSite;
beforeAll(async () => {
  site = await startRepoSite({ announce: { audience: 'packagers' } });
  await new Promise<void>((resolve) => odd.listen(0, '127.0.0.1', resolve));
  const address = odd.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  appendFileSync(
    join(site.root, 'var/lib/sandbox/upstreams'),
    `http://odd.example.org/ http://127.0.0.1:${port}/\n`,
  );
});
afterAll(async () => {
  odd.close();
  await site?.close();
});
beforeEach(() => site.reset());

let askers = 0;
const ask = async (line: string, who = maria): Promise<Request> => {
  // Each of them would be one too many for one person and minute.
  return site.kernel.ask({ ...who, id: `${who.id}${askers++}` }, line);
};
const said = (request: Request): string => `${request.says} ${request.next ?? ''}`;

describe('repo add', () => {
  it('mirrors a repository, makes it known to the hub, lets a tag use it, and tells people', async () => {
    const before = site.config();
    const request = await site.through(maria, `repo add epel10 from="${OS}" tag=${TAG}`);
    expect([request.status, said(request)]).toEqual(['succeeded', 'All 8 steps are done, and checked. ']);
    expect(site.config().startsWith(before)).toBe(true);
    expect(site.config().slice(before.length)).toMatch(
      /^\n# Koji Steward .*\n\[epel10\]\nname = epel10 \(\$arch\)\narch = x86_64\nos = http:\/\/mirror.example.org\/os\/\$arch\/\n$/,
    );
    expect(site.calls()).toEqual([
      `createExternalRepo ["epel10-os","${MAIN}"]`,
      `addExternalRepoToTag ["${TAG}","epel10-os",15]`,
      `newRepo ["${TAG}"]`,
      `newRepo ["${KATELLO}"]`,
    ]);
    const [first] = request.plan?.steps ?? [];
    expect(first?.step.changes.map(({ after }) => after)).toContain('[epel10]');
    expect(JSON.stringify(first?.step.evidence)).toContain('3 packages, 60 kB; sha256');
    expect(request.plan?.steps[1]?.step.changes[0]?.after).toBe(
      'as upstream has them: about 60 kB, in a minute or less at 5 MB/s; it stops rather than delete more than 200 of them or 10 %',
    );
    expect(request.answer?.lines?.join(' ')).toMatch(
      /Task \d+ made the repository of foreman-nightly-el8-build anew: builds use it now/,
    );
    const notices = await site.kernel.store.notices.pending(10);
    expect(notices.map(({ notice }) => notice.title)).toEqual(['New external repository: epel10-os']);

    // Asked for again, nothing is left to do, and nobody is told twice.
    const again = await ask(`repo add epel10 from="${OS}" tag=${TAG}`);
    expect(again).toMatchObject({ status: 'succeeded', plan: { steps: [] } });

    // And back: the very bytes from before, and nothing on the hub; the packages stay.
    const undo = await site.through(adam, `undo ${request.id}`);
    expect([undo.status, said(undo)]).toEqual(['succeeded', expect.stringContaining('All 6 steps are done')]);
    expect(site.config()).toBe(before);
    expect(site.kernel.hub.world.externalRepos.map(({ name }) => name)).toEqual(['centos8-base']);
    expect(undo.plan?.notes.join(' ')).toMatch(
      /The packages stay on mirror, in .*epel10-x86_64 .* would be free/,
    );
    expect(
      readFileSync(
        join(site.root, 'mnt/koji/external-repos/www/epel10-x86_64/RPMS.os/repodata/repomd.xml'),
        'utf8',
      ),
    ).toContain('primary');
  });

  it('counts no line that was refused before upstream was looked at, and every one that was looked at', async () => {
    const who = { ...maria, id: 'sloppy' };
    const ask = async (line: string): Promise<string> => {
      const said = await site.kernel.say(who, `repo add ${line}`);
      if (said.kind !== 'request') return said.kind;
      await site.kernel.settle();
      return (await site.kernel.load(said.id)).status;
    };
    for (const line of [
      'a from=os=ftp://mirror.example.org/os/$arch/',
      'a from=os=http://mirror.example.org/os/$arch/ arches=s390x',
      `a from="${OS}" for=nothing`,
      `a from="${OS}" tag=no-such-tag`,
      // There, from elsewhere.
      `fedora41 from="${OS}"`,
      `centos8 from="base=http://mirror.example.org/os/$arch/" mirror=no`,
    ])
      expect([line, await ask(line)]).toEqual([line, 'refused']);
    for (let n = 0; n < 5; n++)
      expect(await ask('a from=os=http://odd.example.org/broken/$arch/')).toBe('refused');
    expect(await ask('a from=os=http://odd.example.org/broken/$arch/')).toBe('reply');
  });

  it('uses upstream’s own address where nothing is to be mirrored', async () => {
    const request = await site.through(
      adam,
      `repo add epel10 from="${OS}" mirror=no tag=${TAG} priority=40 mode=bare`,
    );
    expect([request.status, said(request)]).toEqual(['succeeded', 'All 6 steps are done, and checked. ']);
    expect(site.calls().slice(0, 2)).toEqual([
      'createExternalRepo ["epel10-os","http://mirror.example.org/os/$arch/"]',
      `addExternalRepoToTag ["${TAG}","epel10-os",40,{"merge_mode":"bare","__starstar":true}]`,
    ]);
    expect(site.kernel.hub.world.tagExternalRepos.at(-1)).toMatchObject({ mergeMode: 'bare', priority: 40 });
    const undo = await site.through(adam, `undo ${request.id}`);
    expect(undo.status).toBe('succeeded');
    expect(site.kernel.hub.world.externalRepos.map(({ name }) => name)).toEqual(['centos8-base']);
  });

  it('two people a second apart: the second one finds it done, and nothing is done or said twice', async () => {
    const line = `repo add epel10 from="${OS}" tag=${TAG}`;
    const [one, two] = [await site.kernel.ask(maria, line), await site.kernel.ask(adam, line)];
    for (const { id } of [one, two]) await site.kernel.say(bea, `approve ${id}`);
    const ended = [
      await site.kernel.until(one.id, 'succeeded', 'failed', 'planned'),
      await site.kernel.until(two.id, 'succeeded', 'failed', 'planned'),
    ];
    expect(ended.map(({ status, says }) => [status, says])).toEqual([
      ['succeeded', 'All 8 steps are done, and checked.'],
      ['succeeded', expect.stringContaining('somebody else has done it')],
    ]);
    expect(site.calls().length).toBe(4);
    const keysOfNotices = (await site.kernel.store.notices.pending(20)).map(
      ({ notice }) => notice.key.split(':')[0],
    );
    expect(keysOfNotices).toContain(one.id);
    expect(keysOfNotices).not.toContain(two.id);
  });

  it('mrepo.conf edited by hand after the approval: nothing is done, and it is asked anew with the new file', async () => {
    const request = await site.kernel.ask(maria, `repo add epel10 from="${OS}"`);
    site.writeConfig(`${site.config()}\n[rhel9]\nos = http://somewhere/`);
    await site.kernel.say(bea, `approve ${request.id}`);
    const drifted = await site.kernel.until(request.id, 'planned', 'succeeded', 'failed');
    expect(drifted.plan?.n).toBe(2);
    expect(drifted.says).toMatch(
      /^Things changed after the approval, so nothing was done\. What is seen now: \S+mrepo\.conf: \d+ bytes \(before: \d+ bytes\)\./,
    );
    // The same lines, behind what is there now; nothing of it is written yet.
    const at = (step: Request['plan']) => step?.steps[0]?.step.changes[0]?.what;
    expect([at(request.plan), at(drifted.plan)]).toEqual(['line 19', 'line 22']);
    expect(site.config()).not.toContain('epel10');
  });
});

describe('what repo add refuses before anybody is asked', () => {
  it.each([
    [`repo add main from="${OS}"`, /means something else to mrepo/],
    [`repo add fedora42-x86_64 from="${OS}"`, /ends in an arch/],
    ['repo add epel10 from="arch=http://mirror.example.org/os/"', /is a setting of mrepo/],
    ['repo add epel10 from="os=http://u:p@mirror.example.org/os/"', /user or a password/],
  ])('%s: the form says why', async (line, why) => {
    const form = await site.kernel.say(maria, line);
    expect(JSON.stringify(form)).toMatch(why);
    expect(form.kind).toBe('form');
  });

  it.each([
    [
      `repo add FEDORA41 from="${OS}"`.toLowerCase(),
      /fedora41 is configured already, in \/etc\/mrepo.conf: os = .*You asked for os = /,
    ],
    [
      'repo add epel10 from="os=http://10.0.0.7/os/"',
      /is at 10\.0\.0\.7, a private address.*shared\.repos\.allowInside/,
    ],
    ['repo add epel10 from="os=http://localhost/os/"', /is at (127\.0\.0\.1|::1), this machine itself/],
    ['repo add epel10 from="os=http://2130706433/os/"', /neither a name nor an address in the usual form/],
    ['repo add epel10 from="os=http://h/\'`>/tmp/x`\'"', /a quote in it/],
    [
      'repo add epel10 from="os=http://h/os/$arch/repodata/repomd.xml"',
      /leads into a repository.*Say http:\/\/h\/os\/\$arch\/$/,
    ],
    ['repo add epel10 from="os=file:///etc"', /file:\/\/ cannot be mirrored here/],
    [
      'repo add epel10 from="os=http://mirror.example.org/nothing/"',
      /nothing\/ has no repodata\/repomd\.xml \(404\)/,
    ],
    [`repo add epel10 from="${OS}" arches=s390x`, /s390x is not mirrored here/],
    [`repo add epel10 from="${OS}" for=fedora`, /knows no “fedora”/],
    [`repo add epel10 from="${OS}" tag=foreman-nightly-el8-bild`, /Did you mean foreman-nightly-el8-build/],
    [`repo add epel10 from="${OS}" tag=${TAG} priority=10`, /uses centos8-base at priority 10.*free is 15/],
    [
      `repo add centos8 from="base=http://mirror.example.org/os/$arch/"`,
      /has a repository centos8-base already, with another address: http:\/\/mirror.example.com.* and not file:/,
    ],
  ])('%s', async (line, why) => {
    const request = await ask(line);
    expect([request.status, said(request)]).toEqual(['refused', expect.stringMatching(why)]);
    expect(site.calls()).toEqual([]);
  });

  it.each([
    ['html', /answers with a web page and not with metadata/],
    ['redirects', /leads to another place more than 5 times/],
  ] as const)('an upstream that answers with %s', async (manner, why) => {
    site.sandbox.upstream?.behave(manner);
    const request = await ask(`repo add epel10 from="${OS}"`);
    expect([request.status, said(request)]).toEqual(['refused', expect.stringMatching(why)]);
  });

  const elsewhere: readonly (readonly [string, RegExp])[] = [
    ['/inside/', /is at 10\.1\.2\.3, a private address/],
    ['/odd/', /is at 127\.0\.0\.1, this machine itself/],
    ['/plus/', /leads to an address that cannot be followed/],
    ['/user/', /leads to an address that cannot be followed/],
    ['/file/', /leads to an address that cannot be followed/],
    ['/login/', /wants a login \(403\)/],
    ['/broken/', /failed by itself \(500\)/],
    ['/cut/', /broken, or ends in the middle/],
    ['/large/', /broken, or ends in the middle/],
  ];
  it.each(elsewhere.slice(0, thorough ? elsewhere.length : 3))(
    'an upstream that leads elsewhere or gives something else: %s',
    async (path, why) => {
      const request = await ask(`repo add epel10 from="os=http://odd.example.org${path}"`);
      expect([request.status, said(request)]).toEqual(['refused', expect.stringMatching(why)]);
    },
  );

  it.skipIf(!thorough)('a host that accepts and says nothing (only with STEWARD_TESTS=all)', async () => {
    const silent = createTcpServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    site.configure({ allowInside: ['127.0.0.0/8'] });
    const request = await ask(`repo add epel10 from="os=http://127.0.0.1:${port}/os/"`);
    silent.close();
    expect([request.status, said(request)]).toEqual([
      'refused',
      expect.stringMatching(/did not answer within 10 seconds/),
    ]);
  });

  it.skipIf(!thorough || !hasRsync)(
    'an upstream of rsync, and one that has no such module (only with STEWARD_TESTS=all, and rsync)',
    async () => {
      const keep = mkdtempSync(join(tmpdir(), 'steward-rsync-'));
      const daemon = await startRsync(site.sandbox.upstream?.dir ?? '', keep);
      site.configure({ allowInside: ['127.0.0.1'] });
      const good = await ask(`repo add epel10 from="os=rsync://127.0.0.1:${daemon.port}/up/os/$arch/"`);
      const none = await ask(`repo add epel10 from="os=rsync://127.0.0.1:${daemon.port}/down/os/"`);
      await daemon.close();
      rmSync(keep, { recursive: true });
      expect(JSON.stringify(good.plan?.steps[0]?.step.evidence)).toContain('3 packages, 60 kB');
      expect(said(none)).toMatch(/no rsync module of that name/);
    },
  );

  it('a mirror whose own configuration is broken, or that root has not opened', async () => {
    site.writeConfig(`${site.config()}\nthis is no setting\n`);
    expect(said(await ask(`repo add epel10 from="${OS}"`))).toMatch(
      /mrepo cannot read its own configuration: line \d+/,
    );
    site.reset();
    const conf = join(site.root, 'etc/steward/mirror.conf');
    writeFileSync(conf, readFileSync(conf, 'utf8').replace('etc/mrepo.conf', 'etc/other.conf'));
    expect(said(await ask(`repo add epel10 from="${OS}"`))).toMatch(
      /mirror.conf on mirror says config=\/etc\/other.conf/,
    );
  });
});

describe('the others', () => {
  it('links and unlinks, each the other’s undo', async () => {
    const first = JSON.stringify(site.kernel.hub.world.tagExternalRepos);
    const request = await site.through(maria, `repo link centos8-base tag=${KATELLO} priority=30`);
    expect([request.status, said(request)]).toEqual(['succeeded', 'All 3 steps are done, and checked. ']);
    expect((await ask(`repo link centos8-base tag=${KATELLO} priority=31`)).says).toMatch(
      /uses centos8-base already, with priority 30/,
    );
    const undo = await site.through(maria, `undo ${request.id}`);
    expect(undo.status).toBe('succeeded');
    expect(JSON.stringify(site.kernel.hub.world.tagExternalRepos)).toBe(first);
    const inherited = await ask(`repo unlink centos8-base tag=${KATELLO}`);
    expect([inherited.status, said(inherited)]).toEqual([
      'refused',
      expect.stringMatching(/inherits it from foreman-nightly-el8-build. `repo unlink centos8-base tag=fore/),
    ]);
    expect((await ask(`repo link centos8 tag=${KATELLO}`)).says).toContain('Did you mean centos8-base?');
  });

  it('says what disagrees', async () => {
    const list = await ask('repo list');
    expect(list.answer?.table?.rows.map((row) => row[0])).toEqual([
      'fedora41 os',
      'fedora41 updates',
      'centos8-base',
    ]);
    const check = await ask('repo check');
    expect(check.answer?.lines?.join('\n')).toMatch(
      /fedora41 os: no metadata for x86_64; it was never synced/,
    );
    expect(check.answer?.next).toEqual(['repo sync fedora41']);
  });

  it('leaves an entry alone that it did not write, and says what to do by hand', async () => {
    const before = site.config();
    const request = await ask('repo retire fedora41', adam);
    const [now, ...others] = request.plan?.steps ?? [];
    expect(others).toEqual([]);
    expect(now?.step.effect).toMatchObject({
      kind: 'hand',
      what: expect.stringMatching(/As root on mirror, delete the section \[fedora41\] of \/etc\/mrepo.conf/),
    });
    const lines = before.split('\n');
    const shown = now?.step.evidence.filter(({ label }) => label.startsWith('line '));
    expect(shown?.[0]?.value).toBe('[fedora41]');
    for (const { label, value } of shown ?? []) expect(lines[Number(label.slice(5)) - 1]?.trim()).toBe(value);
    expect(request.plan?.notes.join(' ')).toMatch(/not as Steward wrote it/);
    await site.kernel.say(bea, `approve ${request.id}`);
    await site.kernel.settle();
    expect((await site.kernel.load(request.id)).waiting?.reason).toBe('hand');
    expect(site.config()).toBe(before);
    const from = Number(shown?.[0]?.label.slice(5)) - 1;
    site.writeConfig(lines.toSpliced(from, shown?.length ?? 0).join('\n'));
    await site.kernel.say(bea, `check ${request.id}`);
    expect((await site.kernel.until(request.id, 'succeeded')).says).toMatch(/checked/);
  });

  it('retires what it added, and undo gives it all back: every byte of the entry, and tags at their priority', async () => {
    await site.through(
      maria,
      `repo add epel10 from="${OS}" tag=${TAG} priority=70 mode=simple arches=x86_64`,
    );
    const before = site.config();
    expect(before).toContain('[epel10]');
    expect((await ask('repo list epel10')).answer?.table?.rows).toEqual([
      [
        'epel10 os',
        'ok',
        'mrepo.conf',
        expect.stringMatching(/^x86_64 (just now|\d+ seconds ago), [1-9]\d* packages$/),
        'epel10-os',
        `${TAG} (priority 70, simple)`,
      ],
    ]);
    const { externalRepos, tagExternalRepos } = site.kernel.hub.world;
    const uses = JSON.stringify(tagExternalRepos.map(({ repoId: _, ...link }) => link));
    const repos = externalRepos.map(({ name, url }) => [name, url]);
    const retired = await site.through(adam, 'repo retire epel10');
    expect(retired.status).toBe('succeeded');
    expect(site.config()).not.toContain('epel10');
    expect(site.kernel.hub.world.externalRepos.map(({ name }) => name)).not.toContain('epel10-os');
    const undo = await site.through(adam, `undo ${retired.id}`);
    expect([undo.status, undo.says]).toEqual(['succeeded', expect.stringMatching(/done, and checked/)]);
    expect(site.config()).toBe(before);
    expect(site.kernel.hub.world.externalRepos.map(({ name, url }) => [name, url])).toEqual(repos);
    expect(JSON.stringify(site.kernel.hub.world.tagExternalRepos.map(({ repoId: _, ...link }) => link))).toBe(
      uses,
    );
  });

  it('take no name for one that is retired already, nor a part of several for all of them', async () => {
    for (const [line, says] of [
      [
        'fedora14',
        'Neither the mirror nor the hub has fedora14. Did you mean fedora41? `repo list` shows all.',
      ],
      ['centos8-base zzz', 'Neither the mirror nor the hub has zzz. `repo list` shows all.'],
    ]) {
      const request = await ask(`repo retire ${line}`, adam);
      expect([request.status, said(request)]).toEqual(['refused', says]);
    }
    const restore = await ask('repo restore fedora41', adam);
    expect([restore.status, said(restore)]).toEqual([
      'refused',
      expect.stringMatching(/`undo` of the request/),
    ]);
  });

  it('and what somebody else retired meanwhile is retired, also for an undo', async () => {
    const added = await site.through(maria, `repo add epel10 from="${OS}" mirror=no`);
    expect(added.status).toBe('succeeded');
    const retire = await ask('repo retire epel10-os', adam);
    expect(retire.status).toBe('planned');
    site.kernel.hub.world.externalRepos.length = 1;
    await site.kernel.say(bea, `approve ${retire.id}`);
    expect((await site.kernel.until(retire.id, 'succeeded', 'failed')).status).toBe('succeeded');
    expect(await site.kernel.ask(adam, `undo ${added.id}`)).toMatchObject({
      status: 'succeeded',
      says: 'Nothing to do: it is so already.',
    });
  });

  it.each([
    ['x repos=x=file:///etc/', /file:\/\/ cannot be mirrored/],
    ['x repos=x=http://169.254.169.254/latest/', /169\.254\.169\.254, a link-local address/],
    ['x repos="x=http://h/`id`/"', /has a backtick in it/],
    ['x repos=x=http://0x7f.1/', /neither a name nor an address in the usual form/],
    ['x repos=x=file:///mnt/koji/external-repos/www/../../../etc/', /file:\/\/ cannot be mirrored/],
    ['fedora41 repos=other=http://mirror.example.org/os/', /other is not of fedora41/],
    [`x links=${TAG}/centos8-base/1`, /centos8-base, for .*, is not among/],
    [`x repos=x=http://mirror.example.org/os/ links=${TAG}/x/20,${TAG}/x/30`, /would use x twice/],
    ['x from=os=http://127.0.0.1/$arch/ arches=x86_64', /127\.0\.0\.1, this machine itself/],
    ['x from=os=http://localhost/$arch/ arches=x86_64', /, this machine itself/],
    ['main from=os=http://mirror.example.org/os/$arch/', /means something else to mrepo/],
    ['fedora41 from=os=http://mirror.example.org/other/$arch/', /fedora41 is configured already/],
  ])('restores nothing that repo add would not take: %s', async (line, why) => {
    const request = await ask(`repo restore ${line}`, adam);
    expect([request.status, said(request)]).toEqual(['refused', expect.stringMatching(why)]);
  });

  it('restores what is outside by its address, and says where nobody can tell', async () => {
    const known = await ask('repo restore x repos=x=http://mirror.example.org/os/$arch/', adam);
    expect([known.status, known.plan?.notes.join(' ')]).toEqual([
      'planned',
      expect.stringContaining('was not looked at'),
    ]);
    const gone = await ask('repo restore y repos=y=http://gone.invalid/os/$arch/', adam);
    expect(gone.plan?.notes.join(' ')).toContain('Nothing here finds an address for gone.invalid');
  });
});
