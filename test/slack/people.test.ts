import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type SandboxSlack, startSlack } from '../../sandbox/slack/slack.ts';
import { createSlackApi } from '../../src/slack/api.ts';
import { createPeople, type PeopleOptions } from '../../src/slack/people.ts';

let slack: SandboxSlack;
let clock: number;
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
beforeEach(async () => {
  clock = Date.now();
  slack = await startSlack({ rateScale: Number.POSITIVE_INFINITY });
});
afterEach(() => slack.close());

function people(options: Partial<PeopleOptions> = {}) {
  const api = createSlackApi({ token: slack.botToken, apiUrl: slack.apiUrl, deadlineMs: 1000, log });
  return createPeople({
    api,
    log,
    now: () => new Date(clock),
    options: {
      people: [{ id: 'maria', name: 'Maria R.', slack: 'U0MARIA', roles: ['packager'] }],
      roles: { admin: { slackGroups: ['@Koji-Admins'] }, mentor: { slackGroups: ['S0ADMINS'] } },
      everybody: ['member'],
      team: slack.team,
      ...options,
    },
  });
}
const calls = (method: string) => slack.callLog().filter((call) => call.method === method).length;
const rolesOf = async (who: ReturnType<typeof people>, user: string) => {
  const known = await who.who(user);
  return known.kind === 'person' ? [...known.person.roles].sort() : known;
};

describe('who somebody in Slack is', () => {
  it('is the person of the config who has that account', async () => {
    const known = await people().who('U0MARIA');
    expect(known).toMatchObject({
      kind: 'person',
      person: { id: 'maria', name: 'Maria R.', accounts: { slack: 'T0KOJI/U0MARIA' } },
    });
  });

  it('is named by workspace and account when the config does not list them, never by what they call themselves', async () => {
    expect(await people().who('U0BEA')).toMatchObject({
      kind: 'person',
      person: { id: 'slack:T0KOJI/U0BEA' },
    });
  });

  it('has the roles of the config, of everybody, and of their groups by handle or id', async () => {
    expect(await rolesOf(people(), 'U0MARIA')).toEqual(['member', 'packager']);
    expect(await rolesOf(people(), 'U0ADAM')).toEqual(['admin', 'member', 'mentor']);
  });

  it.each([
    ['a guest', 'U0GUEST', /guest/u],
    ['a member of another workspace', 'U0STRANGER', /another workspace/u],
    ['a bot', 'U0STEWARD', /Bots/u],
    ['an account that Slack does not know', 'U0NOBODY', /another workspace/u],
  ])('is nobody for %s, who is told why and whom to ask', async (_, user, why) => {
    const known = await people({ help: 'Adam' }).who(user);
    expect(known).toMatchObject({
      kind: 'refused',
      says: expect.stringMatching(why),
      next: expect.stringContaining('Adam'),
    });
  });

  it('is a stranger when the delivery itself names another workspace', async () => {
    expect((await people().who('U0MARIA', 'T0OTHER')).kind).toBe('refused');
  });

  it('is nobody while Slack cannot say', async () => {
    slack.misbehave({ method: 'users.info', kind: '500' });
    expect((await people().who('U0MARIA')).kind).toBe('unclear');
  });

  it('loses the roles of a group while Slack cannot say who is in it, and keeps those of the config', async () => {
    slack.misbehave({ method: 'usergroups.users.list', kind: '429', retryAfter: 1, times: 9 });
    const who = people({ people: [{ id: 'adam', name: 'Adam', slack: 'U0ADAM', roles: ['packager'] }] });
    expect(await rolesOf(who, 'U0ADAM')).toEqual(['member', 'packager']);
  });

  it('has no role from a group that does not exist', async () => {
    expect(await rolesOf(people({ roles: { admin: { slackGroups: ['koji-admin'] } } }), 'U0ADAM')).toEqual([
      'member',
    ]);
  });

  it('is asked of Slack once for many who ask at once, and again after a minute', async () => {
    const who = people({ roles: { admin: { slackGroups: ['koji-admins'] } } });
    await Promise.all(Array.from({ length: 20 }, () => who.who('U0ADAM')));
    expect([calls('users.info'), calls('usergroups.list'), calls('usergroups.users.list')]).toEqual([
      1, 1, 1,
    ]);
    clock += 59_000;
    await who.who('U0ADAM');
    expect(calls('usergroups.users.list')).toBe(1);
    clock += 2000;
    await who.who('U0ADAM');
    expect(calls('usergroups.users.list')).toBe(2);
  });

  it('knows whom to mention', async () => {
    const who = people();
    expect([
      who.accountOf('maria'),
      who.accountOf('slack:T0KOJI/U0BEA'),
      who.accountOf('slack:T9/U1'),
      who.accountOf('x'),
    ]).toEqual(['U0MARIA', 'U0BEA', null, null]);
    expect(await who.accountsWith(['admin', 'packager'])).toEqual(['U0MARIA', 'U0ADAM', 'U0BEA', 'U0CARL']);
  });
});
