import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../config/load.ts';
import { problemLines } from '../../config/problems.ts';
import { thorough } from '../support/thorough.ts';
import { EXAMPLE, makeSite, put, registry, type TestSite } from './site.ts';

let site: TestSite;
beforeAll(async () => {
  site = await makeSite();
});
afterAll(() => site.remove());

type Keys = readonly (string | number)[];

/** The example with one place changed; all complaints, as `path: says`. */
async function complaints(...changes: readonly (readonly [Keys, unknown])[]): Promise<readonly string[]> {
  const settings = site.settings();
  for (const [keys, value] of changes) put(settings, keys, value);
  const loaded = await site.load(settings);
  return loaded.ok ? [] : loaded.problems.map(({ path, says }) => `${path}: ${says}`);
}

describe('a config that is wrong', () => {
  const cases: readonly (readonly [string, readonly (readonly [Keys, unknown])[], readonly string[]])[] = [
    ['without a hub', [[['hub'], undefined]], ['hub: is missing: should be a group of settings']],
    ['without the hub’s address', [[['hub', 'url'], undefined]], ['hub.url: is missing: should be text']],
    [
      'with an address that is none',
      [[['hub', 'url'], 'koji']],
      ['hub.url: should be the address of the hub: https://koji.example.org/kojihub'],
    ],
    [
      'with the hub where its web pages should be',
      [[['hub', 'web'], 'https://koji.example.org/kojihub']],
      [
        'hub.web: should be the address of Koji’s web pages alone, not the hub’s: https://koji.example.org/koji',
      ],
    ],
    [
      'with a mistyped setting',
      [[['hub', 'certt'], 'x']],
      [
        'hub.certt: is not a setting. Did you mean cert? Accepted here: url, web, ca, cert, key, user, permissions.',
      ],
    ],
    [
      'with a permission on the hub that no command needs',
      [
        [
          ['hub', 'permissions'],
          ['host', 'amdin'],
        ],
      ],
      ['hub.permissions.1: no command needs it. Did you mean admin? Commands need: admin, host.'],
    ],
    [
      'with a mistyped part',
      [[['slak'], {}]],
      [
        'slak: is not a setting. Did you mean slack? Accepted here: hub, hosts, database, redis, slack, discourse, people, roles, everybody, operators, commands, shared, http, audiences, watch, reminders, worker, log.',
      ],
    ],
    ['with text for a number', [[['http', 'port'], '8420']], ['http.port: should be a number, not text']],
    ['with a port that is none', [[['http', 'port'], 70_000]], ['http.port: should be at most 65535']],
    [
      'with a number for a name',
      [[['people', 0, 'name'], 7]],
      ['people.0.name: should be text, not a whole number'],
    ],
    [
      'with a person without an id',
      [[['people', 1, 'id'], undefined]],
      ['people.1.id: is missing: should be text'],
    ],
    [
      'with a person called steward',
      [[['people', 0, 'id'], 'steward']],
      ['people.0.id: `steward` is the bot itself'],
    ],
    [
      'with a person twice',
      [[['people', 1, 'id'], 'Maria']],
      ['people.1.id: is there twice: number 1 has it too'],
    ],
    [
      'with one Koji user for two, by name and by id',
      [
        [['people', 1, 'koji'], 'maria'],
        [['people', 2, 'koji'], 'Maria'],
      ],
      [
        'people.1.koji: is there twice: number 1 has it too',
        'people.2.koji: is there twice: number 1 has it too',
      ],
    ],
    [
      'with one Slack account for two',
      [[['people', 2, 'slack'], 'U0MARIA']],
      ['people.2.slack: is there twice: number 1 has it too'],
    ],
    [
      'with a Slack name for an id',
      [[['people', 0, 'slack'], '@maria']],
      ['people.0.slack: should be the id of a Slack member (U…), not a name'],
    ],
    [
      'with a role that does not exist',
      [
        [
          ['people', 0, 'roles'],
          ['packager', 'admn'],
        ],
      ],
      ['people.0.roles.1: there is no role admn. Did you mean admin? Roles: admin, packager.'],
    ],
    [
      'with operators of no role',
      [[['operators'], ['root']]],
      ['operators.0: there is no role root. Roles: admin, packager.'],
    ],
    [
      'with everybody in a role that does not exist',
      [[['everybody'], ['packagers']]],
      ['everybody.0: there is no role packagers. Did you mean packager? Roles: admin, packager.'],
    ],
    [
      'with a Slack group with an @',
      [[['roles', 'admin', 'slackGroups'], ['@koji-admins']]],
      ['roles.admin.slackGroups.0: should be the id (S…) or the handle of a Slack user group, without @'],
    ],
    [
      'with a role of odd letters',
      [[['roles', 'The Boss'], {}]],
      ['roles."The Boss": should be a role: small letters, digits and dashes, beginning with a letter'],
    ],
    [
      'with a command that does not exist',
      [[['commands', 'builder capacty'], {}]],
      [
        'commands."builder capacty": there is no such command. Did you mean builder capacity? Commands: account grant, builder capacity, builder disable, builder list, ca check, cert list, nfs check, repo check, repo list.',
      ],
    ],
    [
      'with a command asked for by a role that does not exist',
      [[['commands', 'nfs check', 'ask'], ['packger']]],
      [
        'commands."nfs check".ask: loosens what the command declares: only packager, admin may ask for it',
        'commands."nfs check".ask.0: there is no role packger. Did you mean packager? Roles: admin, packager.',
      ],
    ],
    [
      'with approval by a wider role',
      [[['commands', 'builder capacity'], { roles: ['packager'] }]],
      ['commands."builder capacity".roles: loosens what the command declares: only admin may approve it'],
    ],
    [
      'with fewer approvals than declared',
      [[['commands', 'builder capacity'], { people: 0 }]],
      ['commands."builder capacity".people: loosens what the command declares: it needs at least 1'],
    ],
    [
      'with approval of one’s own',
      [[['commands', 'builder capacity'], { ownRequest: true }]],
      [
        'commands."builder capacity".ownRequest: loosens what the command declares: nobody may approve their own request of this',
      ],
    ],
    [
      'with a longer expiry',
      [[['commands', 'builder capacity'], { expiresHours: 100 }]],
      [
        'commands."builder capacity".expiresHours: loosens what the command declares: it expires after at most 72 hours',
      ],
    ],
    [
      'with nobody to approve',
      [[['commands', 'builder capacity'], { roles: [] }]],
      ['commands."builder capacity".roles: should name at least one role: nobody could approve otherwise'],
    ],
    [
      'with settings for a command that has none',
      [[['commands', 'builder list'], { settings: { a: 1 } }]],
      ['commands."builder list".settings: `builder list` has no settings'],
    ],
    [
      'with a setting that the command does not take',
      [[['commands', 'nfs check', 'settings', 'deadlineSecs'], 5]],
      [
        'commands."nfs check".settings.deadlineSecs: is not a setting. Did you mean deadlineSeconds? Accepted here: deadlineSeconds, fstype, groups.',
      ],
    ],
    [
      'with a path of the CA that goes astray',
      [
        [['shared', 'ca', 'dir'], 'etc/pki'],
        [['shared', 'ca', 'key'], '../key'],
      ],
      [
        'shared.ca.dir: should begin with /',
        'shared.ca.key: should be a path, from / or below `dir`, of plain characters, without ..',
      ],
    ],
    [
      'with a mount that is not absolute',
      [[['commands', 'nfs check', 'settings', 'groups', 0, 'mounts', 0, 'at'], 'koji']],
      ['commands."nfs check".settings.groups.0.mounts.0.at: Invalid string: must start with "/"'],
    ],
    [
      'with a mistyped setting of a command',
      [[['commands', 'nfs check', 'peeple'], 3]],
      [
        'commands."nfs check".peeple: is not a setting. Did you mean people? Accepted here: ask, roles, people, ownRequest, expiresHours, settings.',
      ],
    ],
    [
      'with a token written down',
      [[['slack', 'botToken'], 'xoxb-123']],
      [
        'slack.botToken: a secret may not stand in this file: write { env: NAME } or { file: path }, and change the secret that stood here',
      ],
    ],
    [
      'with a token in two ways',
      [[['slack', 'botToken'], { env: 'A', file: 'b' }]],
      ['slack.botToken: should be { env: NAME } or { file: path }'],
    ],
    [
      'with a password in an address',
      [[['redis', 'url'], 'redis://:hunter2@r']],
      [
        'redis.url: a secret may not stand in this file: write { env: NAME } or { file: path }, and change the secret that stood here',
      ],
    ],
    [
      'with another kind of database',
      [[['database', 'url'], 'mysql://db/x']],
      [
        'database.url: should be { env: NAME } or { file: path }, or an address without a password (postgres://… or postgresql://…)',
      ],
    ],
    [
      'with a mode that does not exist',
      [[['slack', 'mode'], 'sockets']],
      ['slack.mode: should be one of http, socket. Did you mean socket?'],
    ],
    [
      'in mode http without its secret',
      [[['slack', 'mode'], 'http']],
      ['slack.signingSecret: is missing: mode http needs it, as { env: NAME } or { file: path }'],
    ],
    [
      'with a channel by its name',
      [[['slack', 'approversChannel'], '#koji']],
      ['slack.approversChannel: should be the id of a channel (C…), not its name'],
    ],
    [
      'with an environment variable that is not set',
      [[['slack', 'botToken'], { env: 'NO_SUCH' }]],
      ['slack.botToken: the environment variable NO_SUCH is not set'],
    ],
    [
      'with a host name that is an option',
      [[['hosts', 'list', 0, 'name'], '-oProxyCommand=x']],
      ['hosts.list.0.name: should be a host name: letters, digits, dots and dashes'],
    ],
    [
      'with a host twice',
      [[['hosts', 'list', 1, 'name'], 'koji.katello.org']],
      ['hosts.list.1.name: is there twice: number 1 has it too'],
    ],
    [
      'with an account that is none',
      [[['hosts', 'user'], 'ste ward']],
      ['hosts.user: should be the name of an account: small letters, digits, _ and -'],
    ],
    ['with a list for a group', [[['worker'], [1]]], ['worker: should be a group of settings, not a list']],
    ['with no time to remind', [[['reminders', 'hours'], 0]], ['reminders.hours: should be more than 0']],
    [
      'with a level that does not exist',
      [[['log', 'level'], 'verbose']],
      ['log.level: should be one of debug, info, warn, error, silent'],
    ],
  ];

  it.each(cases)('%s is told exactly that', async (_title, changes, says) => {
    expect(await complaints(...changes)).toEqual(says);
  });

  it('is told of files that are missing, empty, or not what they should be, by full path', async () => {
    writeFileSync(join(site.dir, 'empty'), '\n');
    const other = await makeSite();
    const said = await complaints(
      [['hub', 'ca'], 'ssh_key'],
      [['hosts', 'privateKey'], 'gone'],
      [['hosts', 'knownHosts'], 'empty'],
      [['database', 'url'], { file: 'known_hosts' }],
    );
    expect(new Set(said)).toEqual(
      new Set([
        'hub.ca: should name a file with a certificate, PEM (-----BEGIN CERTIFICATE-----)',
        `hosts.privateKey: cannot read ${join(site.dir, 'gone')}: there is no such file`,
        `hosts.knownHosts: ${join(site.dir, 'empty')} is empty`,
        `database.url: ${join(site.dir, 'known_hosts')} holds more than the secret alone`,
      ]),
    );
    const foreign = await complaints([['hub', 'key'], join(other.dir, 'steward.pem')]);
    other.remove();
    expect(foreign).toEqual(['hub.key: is not the key of the certificate in hub.cert']);
  });

  it('is told everything at once, with lines, and never a value', async () => {
    const text = EXAMPLE.replaceAll('/etc/steward/', '')
      .replace('{ env: SLACK_BOT_TOKEN }', 'xoxb-inline-secret')
      .replace('level: info', 'level: loud')
      .replace('  builder disable:', '  builder disabel:')
      .replace('roles: [packager, admin] }', 'roles: [packager, boss] }');
    const loaded = await site.load(text);
    expect(loaded.ok).toBe(false);
    if (loaded.ok) return;
    const lines = problemLines('steward.yaml', loaded.problems);
    expect(lines).toHaveLength(4);
    const lineOf = (part: string): number => text.split('\n').findIndex((line) => line.includes(part)) + 1;
    expect(lines.join('\n')).not.toContain('inline-secret');
    expect(lines).toContainEqual(expect.stringMatching(`^steward.yaml:${lineOf('loud')}: log.level: `));
    expect(lines).toContainEqual(expect.stringMatching(`^steward.yaml:${lineOf('xoxb')}: slack.botToken: `));
    expect(lines).toContainEqual(
      expect.stringMatching(`^steward.yaml:${lineOf('boss')}: people.1.roles.1: `),
    );
    expect(lines).toContainEqual(
      expect.stringMatching(/commands."builder disabel": .*Did you mean builder disable\?/),
    );
  });

  it('that is not YAML is told the line', async () => {
    const twice = await site.load('hub: {}\nhub: {}\n');
    expect(twice).toMatchObject({
      ok: false,
      problems: [{ path: '', line: 2, says: expect.stringContaining('is not YAML') }],
    });
    const bent = await site.load('hub:\n  url: "x\n');
    expect(bent).toMatchObject({ ok: false, problems: [{ says: expect.stringContaining('is not YAML') }] });
    const bomb = await site.load(`a: &a [x,x]\nb: &b [${'*a,'.repeat(90)}*a]\nc: [${'*b,'.repeat(90)}*b]\n`);
    expect(bomb.ok).toBe(false);
  });

  it('that is not there is told where to begin', async () => {
    const loaded = await loadConfig(join(site.dir, 'none.yaml'), { registry, role: 'all', env: {} });
    expect(loaded).toEqual({
      ok: false,
      problems: [
        { path: '', says: 'cannot be read: there is no such file. Begin with config/steward.example.yaml' },
      ],
    });
  });

  it.each([
    ['an empty file', ''],
    ['a list', '- a\n'],
    ['a word', 'hello\n'],
    ['nothing', 'null\n'],
  ])('that is %s is told what is missing', async (_title, text) => {
    const loaded = await site.load(text);
    expect(loaded.ok).toBe(false);
    expect(loaded.ok ? [] : loaded.problems.length).toBeGreaterThan(0);
  });
});

describe('every setting of the example', () => {
  const garbage = [
    undefined,
    null,
    'x',
    Number.POSITIVE_INFINITY,
    [],
    {},
    { __proto__: null, a: { b: [] } },
    '\u0000\u202e',
  ];

  function leaves(value: unknown, keys: Keys = []): readonly Keys[] {
    if (typeof value !== 'object' || value === null) return [keys];
    return [
      ...(keys.length > 0 ? [keys] : []),
      ...Object.entries(value).flatMap(([key, inner]) =>
        leaves(inner, [...keys, Array.isArray(value) ? Number(key) : key]),
      ),
    ];
  }

  it('can be taken away or spoilt without a crash, and a complaint has a place', async () => {
    let wrong = 0;
    for (const [index, keys] of leaves(site.settings()).entries()) {
      // Each place with a few of them, by turns; with all of them it takes a quarter of a minute.
      for (const value of garbage.filter((_, at) => thorough || at % 4 === index % 4)) {
        const settings = site.settings();
        put(settings, keys, value);
        const loaded = await site.load(settings);
        if (loaded.ok) continue;
        wrong++;
        for (const problem of loaded.problems) expect(problem.says.length).toBeGreaterThan(5);
      }
    }
    expect(wrong).toBeGreaterThan(thorough ? 200 : 50);
  });
});
