import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { User } from '../../sandbox/hub/world.ts';
import type { Person } from '../../src/core/person.ts';
import type { HostReader, HostWriter } from '../../src/core/ports.ts';
import type { Request } from '../../src/core/request.ts';
import { told } from '../core/support.ts';
import { type Kernel, PEOPLE, startKernel } from '../support/kernel.ts';

const { maria, adam, bea, carl } = PEOPLE;

const hosts: HostReader & HostWriter = {
  names: () => ['builder9'],
  read: async () => ({ kind: 'unknown-host', says: 'none' }),
  run: async () => ({ kind: 'unknown-host', says: 'none' }),
};

describe.each(['1.20', '1.35'] as const)('accounts on a hub of version %s', (version) => {
  let kernel: Kernel;
  let first: string;
  beforeAll(async () => {
    kernel = await startKernel({ version, hosts });
    first = JSON.stringify(kernel.hub.world.users);
  });
  afterAll(() => kernel.close());
  beforeEach(() => {
    kernel.hub.world.users = JSON.parse(first) as User[];
    kernel.hub.world.changes = [];
    user('steward').permissions = ['host', 'admin'];
  });

  function user(name: string): User {
    const found = kernel.hub.world.users.find((one) => one.name === name);
    if (!found) throw new Error(`no ${name}`);
    return found;
  }

  function add(name: string, more: Partial<User> = {}): void {
    kernel.hub.world.nextId += 1;
    const { nextId: id } = kernel.hub.world;
    kernel.hub.world.users.push({ id, name, status: 0, usertype: 0, permissions: [], ...more });
  }

  const calls = (): readonly unknown[] => kernel.hub.history().map(({ method, args }) => [method, ...args]);

  /** Asks as an admin, and gives what was said of a refusal. */
  async function refused(line: string): Promise<string> {
    const { status, says, next } = await kernel.ask(adam, line);
    expect([line, status]).toEqual([line, 'refused']);
    expect(kernel.hub.history()).toEqual([]);
    return `${says} ${next}`;
  }

  /** Has it approved by as many as it needs, and carried out. */
  async function done(line: string, asker: Person = adam): Promise<Request> {
    const { id, plan } = await kernel.ask(asker, line);
    for (const who of [bea, carl].slice(0, plan?.needs.people)) await kernel.say(who, `approve ${id}`);
    await kernel.settle();
    const request = await kernel.load(id);
    expect([line, request.status, request.says]).toEqual([line, 'succeeded', request.says]);
    return request;
  }

  const notesOf = ({ plan }: Request): string => (plan?.notes ?? []).join(' ');

  describe('granting', () => {
    it('is one step for each permission that is missing, shown as a change', async () => {
      const { plan } = await kernel.ask(maria, 'account grant pat repo, tag image');
      expect(plan?.title).toBe('Grant tag, image to pat');
      expect(plan?.steps.map(({ step }) => [step.effect, step.changes])).toEqual([
        [
          { kind: 'hub', method: 'grantPermission', args: ['pat', 'tag'] },
          [{ what: 'tag for pat', before: 'no', after: 'yes' }],
        ],
        [
          { kind: 'hub', method: 'grantPermission', args: ['pat', 'image'] },
          [{ what: 'image for pat', before: 'no', after: 'yes' }],
        ],
      ]);
      expect(plan?.steps[0]?.step.evidence[0]).toEqual({ label: 'pat', value: 'enabled, has repo' });
      expect(plan?.needs).toEqual({ roles: ['admin'], people: 1, ownRequest: false });
    });

    it('of what is there already does nothing, and needs no rights to say so', async () => {
      user('steward').permissions = [];
      const request = await kernel.ask(maria, 'account grant pat repo');
      expect(request).toMatchObject({ status: 'succeeded', plan: { title: 'pat has repo already' } });
    });

    it('of names that the hub does not know is refused, each with the nearest', async () => {
      expect(await refused('account grant pat rpeo,images,tag')).toMatch(
        /^The hub knows no permission called rpeo\. Did you mean repo\? The hub knows no permission called images\. Did you mean image\? It knows: admin, appliance, /,
      );
      expect(await refused('account grant pat Tag')).toContain('Did you mean tag?');
    });

    it('to a disabled account says that it has no effect yet', async () => {
      expect(notesOf(await kernel.ask(adam, 'account grant retired tag'))).toContain('no effect until');
    });

    it('of admin needs two people, neither of them the asker, and says what it gives', async () => {
      const request = await kernel.ask(adam, 'account grant sasha tag,admin');
      expect(request.plan?.needs).toEqual({ roles: ['admin'], people: 2, ownRequest: false });
      expect(notesOf(request)).toContain('everything on the hub');
      expect(told(await kernel.say(adam, `approve ${request.id}`))).toContain('somebody else');
      await kernel.say(bea, `approve ${request.id}`);
      expect(told(await kernel.say(bea, `approve ${request.id}`))).toContain('already');
      await kernel.settle();
      expect(user('sasha').permissions).toEqual([]);
      await kernel.say(carl, `approve ${request.id}`);
      await kernel.settle();
      expect(user('sasha').permissions).toEqual(['tag', 'admin']);
    });
  });

  describe('revoking', () => {
    it('takes what was granted, and undo gives it back', async () => {
      const { id } = await done('account revoke pat repo');
      expect(user('pat').permissions).toEqual([]);
      await done(`undo ${id}`);
      expect(user('pat').permissions).toEqual(['repo']);
    });

    it('of what is not there does nothing, and of a part says which part', async () => {
      expect((await kernel.ask(adam, 'account revoke pat tag')).plan?.title).toBe('pat was not granted tag');
      const part = await kernel.ask(adam, 'account revoke pat repo,tag');
      expect(part.plan?.steps).toHaveLength(1);
      expect(notesOf(part)).toBe('pat does not have tag.');
      expect(await refused('account revoke pat nosuch')).toContain('knows no permission called nosuch');
    });

    it('of admin needs two people, and of the last admin it is refused', async () => {
      expect(await refused('account revoke kojiadmin admin')).toBe(
        'kojiadmin is the last admin of the hub who can log in, apart from Steward itself. Make somebody else admin first: `account grant <user> admin`.',
      );
      user('sasha').permissions = ['admin'];
      expect((await kernel.ask(adam, 'account revoke kojiadmin admin')).plan?.needs.people).toBe(2);
      // One who cannot log in does not count.
      user('sasha').status = 1;
      expect(await refused('account revoke kojiadmin admin')).toContain('last admin');
    });

    it('of admin from two people at once leaves one of them', async () => {
      user('sasha').permissions = ['admin'];
      const asked = [
        await kernel.ask(adam, 'account revoke kojiadmin admin'),
        await kernel.ask(adam, 'account disable sasha because=gone'),
      ];
      for (const { id } of asked) for (const who of [bea, carl]) await kernel.say(who, `approve ${id}`);
      await kernel.settle();
      const ends = await Promise.all(asked.map(({ id }) => kernel.load(id)));
      expect(ends.map((one) => one.status)).toEqual(['succeeded', 'failed']);
      expect(ends[1]?.says).toContain('last admin');
      expect(user('sasha')).toMatchObject({ status: 0, permissions: ['admin'] });
    });

    it('from a builder’s account is possible, and cannot be undone, because it could not be granted', async () => {
      user('builder1').permissions = ['repo'];
      const { plan } = await kernel.ask(adam, 'account revoke builder1 repo');
      expect(plan?.steps[0]?.step.inverse).toBeUndefined();
    });
  });

  describe('disabling', () => {
    it('says what it means and what is open, ends the sessions, and undo brings all of it back', async () => {
      const { plan } = await kernel.ask(adam, 'account disable pat because=left the project');
      expect(plan?.title).toBe('Disable pat: left the project');
      expect(plan?.notes.join(' ')).toContain('Builds that run go on, and its permissions stay');
      expect(plan?.steps[0]?.step.evidence).toEqual([
        { label: 'pat', value: 'enabled, has repo' },
        { label: 'open tasks', value: '3: buildArch 903, buildArch 902, buildArch 901' },
      ]);
      const { id } = await done('account disable pat because=left the project');
      expect(user('pat')).toMatchObject({ status: 1, permissions: ['repo'] });
      await done(`undo ${id}`);
      expect(user('pat')).toMatchObject({ status: 0, permissions: ['repo'] });
    });

    it('wants a reason', async () => {
      expect(told(await kernel.say(adam, 'account disable pat'))).toBe('because: missing');
    });

    it('of a disabled one does nothing', async () => {
      const request = await kernel.ask(adam, 'account disable retired because=x');
      expect(request).toMatchObject({ status: 'succeeded', plan: { title: 'retired is disabled already' } });
    });

    it('of an admin needs two people, and of the last one it is refused', async () => {
      expect(await refused('account disable kojiadmin because=x')).toContain('last admin');
      user('sasha').permissions = ['admin'];
      expect((await kernel.ask(adam, 'account disable sasha because=x')).plan?.needs.people).toBe(2);
    });

    it('of one of Koji’s own services says what stops', async () => {
      add('kojira', { permissions: ['repo'] });
      expect(notesOf(await kernel.ask(adam, 'account disable kojira because=x'))).toContain(
        'no repository is regenerated',
      );
    });
  });

  describe('enabling', () => {
    it('says which permissions count again', async () => {
      const request = await done('account enable retired');
      expect(notesOf(request)).toBe('What it was granted before counts again: host.');
      expect(user('retired').status).toBe(0);
      expect((await kernel.ask(adam, 'account enable retired')).plan?.title).toBe(
        'retired is enabled already',
      );
    });

    it('of an admin needs two people', async () => {
      user('retired').permissions = ['admin'];
      expect((await kernel.ask(adam, 'account enable retired')).plan?.needs.people).toBe(2);
    });

    it('asks again when the account has become an admin’s since the yes', async () => {
      const { id } = await kernel.ask(adam, 'account enable retired');
      await kernel.say(bea, `approve ${id}`);
      user('retired').permissions = ['admin'];
      await kernel.settle();
      expect(await kernel.load(id)).toMatchObject({
        status: 'planned',
        plan: { n: 2, needs: { people: 2 } },
      });
      expect(user('retired').status).toBe(1);
    });
  });

  describe('creating', () => {
    it('makes an account, and undo says that it stays, disabled', async () => {
      const { id, plan } = await done('account create Toni@EXAMPLE.ORG');
      expect(calls()).toEqual([['createUser', 'Toni@EXAMPLE.ORG']]);
      expect(plan?.steps[0]?.step.inverse?.leaves).toContain('Koji deletes none');
      await done(`undo ${id}`);
      expect(user('Toni@EXAMPLE.ORG').status).toBe(1);
    });

    it('of one that is there does nothing, and of a disabled one is refused', async () => {
      const there = await kernel.ask(adam, 'account create pat');
      expect(there).toMatchObject({ status: 'succeeded', plan: { title: 'The hub has pat already' } });
      expect(await refused('account create retired')).toBe(
        'The hub has retired already, disabled. `account enable retired`',
      );
    });

    it('of a name that differs in capital letters only is refused', async () => {
      expect(await refused('account create PAT')).toContain('The hub has pat already, and names that differ');
      // `_` stands for any letter where the hub looks for beginnings.
      expect((await kernel.ask(adam, 'account create p_t')).status).toBe('planned');
    });

    it('of a machine, of a builder and of a Kerberos principal is refused', async () => {
      expect(await refused('account create builder9')).toContain('koji add-host');
      expect(await refused('account create builder1')).toContain('a builder logs in with');
      user('pat').principals = ['pat@EXAMPLE.ORG'];
      expect(await refused('account create pat@EXAMPLE.ORG')).toBe(
        'pat@EXAMPLE.ORG is a Kerberos principal of the account pat. Ask for pat.',
      );
    });

    it.each(['-x', 'two words', 'a/b', 'mаria', 'mar\u200bia', 'ma;ria', 'x'.repeat(256), 'tab\there'])(
      'of the name %j is not understood',
      async (name) => {
        expect(told(await kernel.say(adam, `account create "${name}"`))).toMatch(
          /^user: (“.*” (is not a Koji user name|holds characters)|That is too long)/,
        );
      },
    );

    it('takes the longest name that the hub takes', async () => {
      await done(`account create ${'x'.repeat(255)}`);
    });
  });

  describe('an account', () => {
    it('that is not there is refused, with the nearest name', async () => {
      expect(await refused('account grant robn repo')).toBe(
        'The hub has no account called robn. Did you mean robin? `account create robn` asks for one.',
      );
    });

    it('of a builder or a group is left alone', async () => {
      add('packagers', { usertype: 2 });
      for (const line of ['account grant builder1 repo', 'account disable builder1 because=x'])
        expect(await refused(line)).toContain('`builder disable builder1` keeps tasks away from it.');
      for (const line of ['account grant packagers repo', 'account disable packagers because=x'])
        expect(await refused(line)).toContain('a group of users');
    });

    it('of the bot itself is not changed, and it says who can', async () => {
      for (const [line, byHand] of [
        ['account grant steward tag', 'koji grant-permission tag steward'],
        ['account revoke steward admin', 'koji revoke-permission admin steward'],
        ['account revoke steward host', 'koji revoke-permission host steward'],
        ['account disable steward because=x', 'koji disable-user steward'],
      ] as const)
        expect(await refused(line)).toBe(
          `steward is Steward's own account on the hub, and Steward does not change that. A Koji admin can: \`${byHand}\`.`,
        );
    });
  });

  describe('a bot that is no admin of the hub', () => {
    it('says so before anybody approves, who can do it now, and what would help', async () => {
      user('steward').permissions = ['host', 'repo'];
      for (const [line, byHand] of [
        ['account create toni', 'koji add-user toni'],
        ['account grant robin repo,tag', 'koji grant-permission repo robin; koji grant-permission tag robin'],
        ['account revoke pat repo', 'koji revoke-permission repo pat'],
        ['account disable sasha because=x', 'koji disable-user sasha'],
        ['account enable retired', 'koji enable-user retired'],
      ] as const)
        expect(await refused(line)).toBe(
          `Accounts can be changed by a Koji admin only, and Steward's own account steward has host, repo. A Koji admin can do it now: \`${byHand}\`. So that Steward can: \`koji grant-permission admin steward\`.`,
        );
    });

    it('stops when the right was taken from it after the yes', async () => {
      const { id } = await kernel.ask(adam, 'account grant robin repo');
      await kernel.say(bea, `approve ${id}`);
      user('steward').permissions = ['host'];
      await kernel.settle();
      expect(await kernel.load(id)).toMatchObject({
        status: 'failed',
        says: "Accounts can be changed by a Koji admin only, and Steward's own account steward has host.",
      });
      expect(calls()).toEqual([]);
    });
  });

  describe('showing', () => {
    const shown = async (name: string) => {
      const { answer } = await kernel.ask(maria, `account show ${name}`);
      if (!answer) throw new Error('no answer');
      return { ...answer, facts: Object.fromEntries(answer.table?.rows ?? []) as Record<string, string> };
    };

    it('needs no rights, and tells status, type, permissions, principals, tasks', async () => {
      user('steward').permissions = [];
      user('pat').principals = ['pat@EXAMPLE.ORG'];
      const { title, verdict, facts, next } = await shown('pat');
      expect([title, verdict, next]).toEqual(['pat: enabled, a user', 'ok', ['help account grant']]);
      expect(facts).toMatchObject({
        Status: 'normal',
        Type: 'a user',
        Permissions: 'repo',
        'Kerberos principals': 'pat@EXAMPLE.ORG',
        'Open tasks': '3: buildArch 903, buildArch 902, buildArch 901',
        'Last tasks': expect.stringMatching(/^buildArch 903 \(open, \d+ minutes ago\), buildArch 902/),
      });
    });

    it('of a disabled one warns and offers to enable it, and of a builder looks further', async () => {
      expect(await shown('retired')).toMatchObject({ verdict: 'warn', next: ['account enable retired'] });
      expect(await shown('builder1')).toMatchObject({ next: ['builder list builder1'] });
    });

    it.skipIf(version === '1.20')('tells apart what comes by way of a group', async () => {
      add('packagers', { usertype: 2, permissions: ['tag', 'repo'] });
      user('pat').groups = [user('packagers').id];
      expect((await shown('pat')).facts).toMatchObject({
        Permissions: 'repo',
        'By way of a group': 'tag',
      });
      const revoke = await kernel.ask(adam, 'account revoke pat tag');
      expect(revoke).toMatchObject({
        status: 'refused',
        says: 'pat has tag by way of a group, and keeps it.',
        next: 'A Koji admin changes the group.',
      });
      // The hub grants it to the account itself as well.
      await done('account grant pat tag');
    });
  });

  it('may be disabled and enabled by admins only, and shown to any packager', async () => {
    expect(told(await kernel.say(maria, 'account disable pat because=x'))).toContain('You may not ask');
    expect(told(await kernel.say(maria, 'account enable pat'))).toContain('You may not ask');
  });
});
