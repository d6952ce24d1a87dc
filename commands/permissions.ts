import { z } from 'zod';
import type { View } from '../src/core/command.ts';
import { nearest } from '../src/core/near.ts';
import type { HubAccount, HubCall } from '../src/core/ports.ts';
import { Refused } from '../src/core/refused.ts';
import { type Account, listPeople } from './accounts.ts';

/** Everything on the hub; the one permission that lets anybody change accounts, and no hub offers less. */
export const ADMIN = 'admin';

/** A permission in running text: `the repo permission`. Not any word before it, which may be no permission. */
export const PERMISSION =
  /\b(admin|build|repo|tag|target|image|livecd|maven-import|win-import|dist-repo|host) permission\b/i;

const names = z.array(z.string());

/** How many accounts are asked for their permissions at once, on hubs that cannot be asked who has one. */
const TOGETHER = 10;

/**
 * The bot's account; `Refused` where it may not change accounts. Koji knows no lesser permission for that than
 * admin (`assertPerm('admin')` in createUser, grantPermission, revokePermission and set_user_status, 1.20 to 1.35).
 * `byHand`: the same change as a Koji admin would type it.
 */
export async function accountAdmin(byHand: string, view: View): Promise<HubAccount> {
  const bot = await view.hub.account(view.signal);
  if (bot.permissions.includes(ADMIN)) return bot;
  const has = bot.permissions.join(', ') || 'no permissions';
  throw new Refused(
    `Accounts can be changed by a Koji admin only, and Steward's own account ${bot.name} has ${has}.`,
    `A Koji admin can do it now: \`${byHand}\`. So that Steward can: \`koji grant-permission admin ${bot.name}\`.`,
  );
}

/** Permissions granted to the account itself. */
export async function ownPermissions(account: Account, view: View): Promise<readonly string[]> {
  const call: HubCall = { method: 'getUserPerms', args: [account.id], kwargs: { with_groups: false } };
  // Before 1.34 the hub knows nothing of groups here.
  const own = await unlessRefused(view.hub.read(call, view.signal));
  return own === null ? allPermissions(account, view) : names.parse(own);
}

/** All that the account may do, also by way of the groups that it is in. */
export async function allPermissions(account: Account, view: View): Promise<readonly string[]> {
  return names.parse(await view.hub.read({ method: 'getUserPerms', args: [account.id] }, view.signal));
}

/** The permissions that this hub knows, and what it says of each; hubs before 1.28 say nothing. */
export async function knownPermissions(view: View): Promise<ReadonlyMap<string, string>> {
  const rows = z
    .array(z.object({ name: z.string(), description: z.string().nullish() }))
    .parse(await view.hub.read({ method: 'getAllPerms', args: [] }, view.signal));
  return new Map(rows.map((row) => [row.name, row.description ?? '']));
}

/** Throws `Refused`, with the nearest one, for names of permissions that this hub does not know. */
export function assertKnown(wanted: readonly string[], known: ReadonlyMap<string, string>): void {
  const unknown = wanted.filter((name) => !known.has(name));
  if (unknown.length === 0) return;
  const all = [...known.keys()].sort();
  const said = unknown.map((name) => {
    const meant = nearest(name, all);
    return `The hub knows no permission called ${name}.${meant ? ` Did you mean ${meant}?` : ''}`;
  });
  throw new Refused(said.join(' '), `It knows: ${all.join(', ')}.`);
}

/** Throws `Refused` when nobody else but the bot could change accounts any more. */
export async function assertNotLastAdmin(account: Account, bot: HubAccount, view: View): Promise<void> {
  const isOther = (one: Account): boolean =>
    !one.disabled && one.kind === 'person' && one.id !== account.id && one.name !== bot.name;
  if (await hasOtherAdmin(isOther, view)) return;
  throw new Refused(
    `${account.name} is the last admin of the hub who can log in, apart from Steward itself.`,
    'Make somebody else admin first: `account grant <user> admin`.',
  );
}

async function hasOtherAdmin(isOther: (one: Account) => boolean, view: View): Promise<boolean> {
  const named = await unlessRefused(listPeople(view, { permission: ADMIN }));
  if (named) return named.some(isOther);
  const others = (await listPeople(view)).filter(isOther);
  for (let at = 0; at < others.length; at += TOGETHER) {
    const some = others.slice(at, at + TOGETHER);
    const found = await Promise.all(some.map((one) => allPermissions(one, view)));
    if (found.some((list) => list.includes(ADMIN))) return true;
  }
  return false;
}

/** Null where the hub does not take the question in this form: an older one. */
async function unlessRefused<T>(asked: Promise<T>): Promise<T | null> {
  return asked.catch((error: unknown) => {
    if (error instanceof Refused) return null;
    throw error;
  });
}
