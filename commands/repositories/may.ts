import type { View } from '../../src/core/command.ts';
import type { HubAccount } from '../../src/core/ports.ts';
import { Refused } from '../../src/core/refused.ts';

/** The bot's account; `Refused` where the hub would not let it do what this permission is for. */
export async function assertMay(permission: 'admin' | 'tag', view: View): Promise<HubAccount> {
  const bot = await view.hub.account(view.signal);
  if (bot.permissions.includes(permission) || bot.permissions.includes('admin')) return bot;
  const has = bot.permissions.join(', ') || 'no permissions';
  throw new Refused(
    permission === 'admin'
      ? `The hub lets only an admin make external repositories, and Steward's own account ${bot.name} has ${has}.`
      : `The hub lets only accounts with \`tag\` say which repositories a tag uses, and Steward's own account ${bot.name} has ${has}.`,
    `A Koji admin can change that: \`koji grant-permission ${permission} ${bot.name}\`.`,
  );
}

/** May it have the repositories of build tags made anew? Newer hubs call that `regen-repo`, and still take `repo`. */
export function mayRegenerate({ permissions }: HubAccount): boolean {
  return ['repo', 'regen-repo', 'admin'].some((one) => permissions.includes(one));
}
