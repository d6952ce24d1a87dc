import type { View } from '../../src/core/command.ts';
import type { Step } from '../../src/core/plan.ts';
import { createStep, grantStep } from '../account-steps.ts';
import { assertFree } from '../accounts.ts';
import { ADMIN, assertKnown, knownPermissions } from '../permissions.ts';
import type { Holder } from './holder.ts';
import type { Settings } from './settings.ts';

/** What somebody new on the hub is given before the certificate, and what to know of it. */
export interface Welcome {
  readonly steps: readonly Step[];
  readonly notes: readonly string[];
}

const NOTHING: Welcome = { steps: [], notes: [] };

/**
 * Account and permissions for somebody who gets a first certificate. Newcomers have no permission but what newcomers get:
 * so what a run that died left out is still seen as missing. `isFirst`: the CA never signed anything else for them.
 */
export async function welcome(
  holder: Holder,
  isFirst: boolean,
  settings: Settings,
  view: View,
): Promise<Welcome> {
  const { user, account, permissions } = holder;
  const { newUserPermissions: given } = settings;
  if (given === undefined) return account ? NOTHING : { steps: [], notes: [madeElsewhere(user)] };
  const isNew = !account || (isFirst && permissions.every((one) => given.includes(one)));
  const missing = isNew ? given.filter((one) => !permissions.includes(one)) : [];
  if (account && missing.length === 0) return NOTHING;
  const bot = await view.hub.account(view.signal);
  if (!bot.permissions.includes(ADMIN)) return { steps: [], notes: [byHand(holder, missing, bot.name)] };
  if (!account) await assertFree(user, view);
  const known = missing.length > 0 ? await knownPermissions(view) : new Map<string, string>();
  assertKnown(missing, known);
  const grants = missing.map((one) => grantStep(user, account, permissions, one, known.get(one) ?? ''));
  return { steps: [...(account ? [] : [createStep(user)]), ...grants], notes: [] };
}

const madeElsewhere = (user: string): string =>
  `The hub has no account ${user} yet: one is made at the first login where it is set up so, otherwise by \`account create ${user}\`.`;

function byHand({ user, account }: Holder, missing: readonly string[], bot: string): string {
  const lines = [
    ...(account ? [] : [`koji add-user ${user}`]),
    ...missing.map((one) => `koji grant-permission ${one} ${user}`),
  ];
  const lacks = [...(account ? [] : ['no account']), ...missing.map((one) => `no permission ${one}`)];
  return `${user} has ${lacks.join(' and ')} on the hub, and Steward’s own account ${bot} may not give that. A Koji admin can: \`${lines.join('; ')}\`.`;
}
