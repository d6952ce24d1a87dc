import { z } from 'zod';
import { defineCommand } from '../../src/core/command.ts';
import { accountName, identifiers } from '../../src/core/fields.ts';
import type { Step } from '../../src/core/plan.ts';
import { anyOf } from '../../src/core/recognise.ts';
import { Refused } from '../../src/core/refused.ts';
import {
  ACCOUNT_NAME,
  type Account,
  assertNotBot,
  HUB_WORDS,
  LOCKS,
  OTHER_ACCOUNTS,
  pickAccount,
  standingOf,
} from '../accounts.ts';
import {
  ADMIN,
  accountAdmin,
  allPermissions,
  assertKnown,
  assertNotLastAdmin,
  knownPermissions,
  ownPermissions,
  PERMISSION,
} from '../permissions.ts';

export default defineCommand({
  name: 'account revoke',
  summary: 'Take permissions from an account on the hub; admin takes the yes of two people',
  params: z.object({
    user: accountName({ title: 'User', hint: 'A Koji user name.', example: 'pat' }),
    permissions: identifiers({
      title: 'Permissions',
      hint: 'One permission of the hub, or several with commas.',
      example: 'repo',
    }),
  }),
  risk: 'low',
  ask: ['packager', 'admin'],
  hubPermission: ADMIN,
  examples: ['account revoke pat repo'],
  recognise: {
    words: [
      HUB_WORDS,
      anyOf(`permission, permissions, right, rights, access, allowed`),
      anyOf(`revoke, remove, take away, withdraw`),
    ],
    unless: OTHER_ACCOUNTS,
    given: { user: ACCOUNT_NAME, permissions: PERMISSION },
  },
  locks: () => LOCKS,
  async plan({ user, permissions }, view) {
    const [account, known] = await Promise.all([pickAccount(user, view), knownPermissions(view)]);
    assertKnown(permissions, known);
    const [own, all] = await Promise.all([ownPermissions(account, view), allPermissions(account, view)]);
    const going = permissions.filter((one) => own.includes(one));
    const lent = permissions.filter((one) => all.includes(one) && !own.includes(one));
    const notes = notesFor(account, permissions, lent, all);
    const list = going.join(', ');
    if (going.length === 0)
      return {
        kind: 'plan',
        title: `${account.name} was not granted ${permissions.join(', ')}`,
        steps: [],
        notes,
        // Taken from itself, it still has these.
        ...(lent.length > 0 ? { refusal: new Refused(lentText(account, lent), BY_GROUP) } : {}),
      };
    const byHand = going.map((one) => `koji revoke-permission ${one} ${account.name}`).join('; ');
    const bot = await accountAdmin(byHand, view);
    assertNotBot(account, bot, byHand);
    const wasAdmin = going.includes(ADMIN);
    if (wasAdmin) await assertNotLastAdmin(account, bot, view);
    return {
      kind: 'plan',
      title: `Revoke ${list} from ${account.name}`,
      steps: going.map((one) => stepFor(account, own, one)),
      ...(wasAdmin ? { risk: 'high' } : {}),
      notes,
    };
  },
});

/** What is asked for and cannot be taken here: not granted, or there by way of a group. */
function notesFor(
  account: Account,
  asked: readonly string[],
  lent: readonly string[],
  all: readonly string[],
): readonly string[] {
  const { name } = account;
  const absent = asked.filter((one) => !all.includes(one));
  return [
    ...(lent.length > 0 ? [`${lentText(account, lent)} ${BY_GROUP}`] : []),
    ...(absent.length > 0 && absent.length < asked.length
      ? [`${name} does not have ${absent.join(', ')}.`]
      : []),
  ];
}

const BY_GROUP = 'A Koji admin changes the group.';

function lentText({ name }: Account, lent: readonly string[]): string {
  return `${name} has ${lent.join(', ')} by way of a group, and keeps it.`;
}

function stepFor(account: Account, has: readonly string[], permission: string): Step {
  const { name, kind } = account;
  return {
    key: `permission:${name}:${permission}`,
    title: `Revoke ${permission} from ${name}`,
    kind: 'set',
    effect: { kind: 'hub', method: 'revokePermission', args: [name, permission] },
    changes: [{ what: `${permission} for ${name}`, before: 'yes', after: 'no' }],
    evidence: [{ label: name, value: standingOf(account, has) }],
    guards: [],
    // What could not be granted here cannot be given back either.
    ...(kind === 'person'
      ? {
          inverse: {
            command: 'account grant',
            given: { user: name, permissions: permission },
            restores: 'full',
          },
        }
      : {}),
  };
}
