import type { View } from '../../src/core/command.ts';
import type { Person } from '../../src/core/person.ts';
import { Refused } from '../../src/core/refused.ts';
import { type Account, findAccount, standingOf } from '../accounts.ts';
import { listBuilders } from '../builders.ts';
import { ADMIN, allPermissions } from '../permissions.ts';
import type { CsrRules } from './csr-rules.ts';
import type { Settings } from './settings.ts';

/** Whom a certificate is for, as the hub knows them. */
export interface Holder {
  readonly user: string;
  readonly account: Account | null;
  /** `enabled, has repo`, `none yet`. */
  readonly says: string;
  /** What they may do there, also by way of groups. */
  readonly permissions: readonly string[];
  /** May they do everything on the hub? */
  readonly isAdmin: boolean;
}

/** Somebody else's user, where that is what was named; one's own name is the same as none. */
export const othersUser = (named: string | undefined, who: Person): string | undefined =>
  named === who.accounts.koji ? undefined : named;

/** The asker's own Koji user. Throws `Refused` where the config does not say it. */
export function ownUser(view: View): string {
  const { koji } = view.asker.accounts;
  if (koji !== undefined) return koji;
  throw new Refused(
    `I do not know which Koji user ${view.asker.name} is, and a certificate is for one.`,
    'Ask an admin to add you to `people` in the config (with `koji: <user>` where that is another name than your id), or to ask for it with `for=<user>`.',
  );
}

/** How people say: my own. No user of a hub is called so. */
const MINE = /^(?:mine|my|me|myself|own)$/iu;

/** What was named, or the asker's own user where they say so. Throws `Refused` as `ownUser` does. */
export const namedUser = (which: string, view: View): string => (MINE.test(which) ? ownUser(view) : which);

/** Throws `Refused` for a disabled account, and for one that is no person's. */
export async function lookAtHolder(user: string, view: View): Promise<Holder> {
  const account = await findAccount(user, view);
  if (!account) return { user, account, says: 'none yet', permissions: [], isAdmin: false };
  if (account.kind !== 'person')
    throw new Refused(
      `${user} is ${account.kind === 'builder' ? 'the account that a builder logs in with' : 'a group of users'}, and no person's: nothing is signed for it by request.`,
      'A Koji admin makes the certificates of machines by hand.',
    );
  if (account.disabled)
    throw new Refused(
      `The hub has ${user}, disabled, and refuses its logins with any certificate.`,
      `\`account enable ${user}\` first, if that was a mistake.`,
    );
  const permissions = await allPermissions(account, view);
  return {
    user,
    account,
    says: standingOf(account, permissions),
    permissions,
    isAdmin: permissions.includes(ADMIN),
  };
}

/** Who gets nothing by request: machines, services, and Steward itself. */
export async function reservedNames(
  settings: Settings,
  view: View,
): Promise<Required<Pick<CsrRules, 'reserved' | 'hosts'>>> {
  const [bot, builders] = await Promise.all([view.hub.account(view.signal), listBuilders(view)]);
  return {
    reserved: [...settings.reserved, bot.name],
    hosts: [...new Set([...view.hosts.names(), ...builders.map(({ name }) => name)])],
  };
}
