import { z } from 'zod';
import { defineCommand } from '../../src/core/command.ts';
import { accountName, words } from '../../src/core/fields.ts';
import type { Step } from '../../src/core/plan.ts';
import { anyOf } from '../../src/core/recognise.ts';
import {
  ACCOUNT_NAME,
  assertNotBot,
  assertPerson,
  HUB_WORDS,
  LOCKS,
  OTHER_ACCOUNTS,
  openTasks,
  pickAccount,
  standingOf,
} from '../accounts.ts';
import { withReason } from '../builders.ts';
import { ADMIN, accountAdmin, allPermissions, assertNotLastAdmin } from '../permissions.ts';

/** Koji's own programs that log in as ordinary users, and what stops without them. */
const SERVICES: Readonly<Record<string, string>> = {
  kojira: 'no repository is regenerated',
  'koji-gc': 'nothing old is cleaned up',
};

const MEANS =
  'The hub refuses its logins from then on, and its open sessions end at their next call. Builds that run go on, and its permissions stay for the day it is enabled.';

export default defineCommand({
  name: 'account disable',
  summary: 'Refuse the logins of an account on the hub; of an admin it takes the yes of two people',
  params: z.object({
    user: accountName({ title: 'User', hint: 'A Koji user name.', example: 'sasha' }),
    because: words({
      title: 'Because',
      hint: 'Those who approve read it, and it stays in the record.',
      example: 'has left the project',
      named: true,
    }),
  }),
  risk: 'low',
  ask: ['admin'],
  hubPermission: ADMIN,
  examples: ['account disable sasha because=has left the project'],
  recognise: {
    words: [
      HUB_WORDS,
      anyOf(`account, accounts, login, user`),
      anyOf(`disable, deactivate, lock, block, suspend, close`),
    ],
    unless: OTHER_ACCOUNTS,
    given: { user: ACCOUNT_NAME },
  },
  locks: () => LOCKS,
  async plan({ user, because }, view) {
    const account = await pickAccount(user, view);
    const { name } = account;
    assertPerson(account);
    if (account.disabled) return { kind: 'plan', title: `${name} is disabled already`, steps: [] };
    const byHand = `koji disable-user ${name}`;
    const bot = await accountAdmin(byHand, view);
    assertNotBot(account, bot, byHand);
    const [permissions, tasks] = await Promise.all([allPermissions(account, view), openTasks(account, view)]);
    const isAdmin = permissions.includes(ADMIN);
    if (isAdmin) await assertNotLastAdmin(account, bot, view);
    const step: Step = {
      key: `login:${name}`,
      title: `Disable ${name}`,
      kind: 'set',
      effect: { kind: 'hub', method: 'disableUser', args: [name] },
      changes: [{ what: `logins of ${name}`, before: 'allowed', after: 'refused' }],
      evidence: [
        { label: name, value: standingOf(account, permissions) },
        { label: 'open tasks', value: tasks },
      ],
      guards: [],
      inverse: { command: 'account enable', given: { user: name }, restores: 'full' },
    };
    const { title, reason } = withReason(`Disable ${name}`, because);
    const stops = SERVICES[name];
    return {
      kind: 'plan',
      title,
      steps: [step],
      // As much as taking the permission away.
      ...(isAdmin ? { risk: 'high' } : {}),
      notes: [
        ...reason,
        MEANS,
        ...(stops ? [`${name} is a service of Koji itself: without it ${stops}.`] : []),
      ],
    };
  },
});
