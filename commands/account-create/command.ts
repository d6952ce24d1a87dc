import { z } from 'zod';
import { defineCommand, type Step, type View } from '../../src/core/command.ts';
import { accountName } from '../../src/core/fields.ts';
import { anyOf } from '../../src/core/recognise.ts';
import { Refused } from '../../src/core/refused.ts';
import {
  ACCOUNT_NAME,
  assertPerson,
  findAccount,
  HUB_WORDS,
  LOCKS,
  listPeople,
  OTHER_ACCOUNTS,
} from '../accounts.ts';
import { ADMIN, accountAdmin } from '../permissions.ts';

export default defineCommand({
  name: 'account create',
  summary: 'Make an account on the hub, without permissions',
  params: z.object({
    user: accountName({
      title: 'User',
      hint: 'The Koji user name; capital letters count.',
      example: 'toni',
    }),
  }),
  risk: 'low',
  ask: ['packager', 'admin'],
  hubPermission: ADMIN,
  examples: ['account create toni'],
  recognise: {
    words: [
      HUB_WORDS,
      anyOf(`account, accounts, login, user, username, add me`),
      anyOf(`create, make, add, set up, need, new, want, would like, get, give me, apply for, request,
          register`),
    ],
    unless: OTHER_ACCOUNTS,
    given: { user: ACCOUNT_NAME },
  },
  locks: () => LOCKS,
  async plan({ user: name }, view) {
    const account = await findAccount(name, view);
    if (account) {
      assertPerson(account);
      if (account.disabled)
        throw new Refused(`The hub has ${name} already, disabled.`, `\`account enable ${name}\``);
      return { kind: 'plan', title: `The hub has ${name} already`, steps: [] };
    }
    assertNoHost(name, view);
    await assertNoTwin(name, view);
    await accountAdmin(`koji add-user ${name}`, view);
    const step: Step = {
      key: `account:${name}`,
      title: `Create ${name}`,
      kind: 'set',
      effect: { kind: 'hub', method: 'createUser', args: [name] },
      changes: [{ what: `account ${name}`, before: 'none', after: 'enabled, no permissions' }],
      evidence: [],
      guards: [],
      inverse: {
        command: 'account disable',
        given: { user: name, because: 'its creation is taken back' },
        restores: 'partial',
        leaves: `the account ${name} stays, disabled: Koji deletes none`,
      },
    };
    return {
      kind: 'plan',
      title: `Create the account ${name}`,
      steps: [step],
      notes: [
        `A certificate whose common name is exactly ${name} logs in to it.`,
        `It may do what everybody may; \`account grant ${name} …\` asks for more.`,
      ],
    };
  },
});

/** A builder has its account from `koji add-host`, which fails where an ordinary one of that name is there already. */
function assertNoHost(name: string, view: View): void {
  if (!view.hosts.names().some((host) => host.toLowerCase() === name.toLowerCase())) return;
  throw new Refused(
    `${name} is a machine, and an ordinary account of its name would be in the way of adding it as a builder.`,
    `A Koji admin adds a builder: \`koji add-host ${name} x86_64\`.`,
  );
}

/** `Maria` beside `maria` is two people to the hub and one to everybody else. */
async function assertNoTwin(name: string, view: View): Promise<void> {
  const twin = (await listPeople(view, { begins: name })).find(
    (one) => one.name.toLowerCase() === name.toLowerCase(),
  );
  if (!twin) return;
  throw new Refused(
    `The hub has ${twin.name} already, and names that differ in capital letters only are mixed up.`,
    `\`account show ${twin.name}\``,
  );
}
