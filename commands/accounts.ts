import { z } from 'zod';
import type { View } from '../src/core/command.ts';
import type { JsonObject } from '../src/core/json.ts';
import { ago } from '../src/core/listing.ts';
import { nearest } from '../src/core/near.ts';
import type { HubAccount, HubCall } from '../src/core/ports.ts';
import { anyOf } from '../src/core/recognise.ts';
import { Refused } from '../src/core/refused.ts';

/** A user of the hub. */
export interface Account {
  readonly id: number;
  readonly name: string;
  /** Logins are refused. */
  readonly disabled: boolean;
  readonly kind: 'person' | 'builder' | 'group';
  /** Kerberos. */
  readonly principals: readonly string[];
}

/**
 * What all commands that change accounts hold: they are rare and short, and two that take admin from two people must not
 * each take the other for the one who is left.
 */
export const LOCKS = ['accounts'];

// Koji's USERTYPES and USER_STATUS; either may be null in an old database.
const KINDS = ['person', 'builder', 'group'] as const;
const user = z.object({
  id: z.number(),
  name: z.string(),
  status: z.number().nullish(),
  usertype: z.number().nullish(),
  krb_principals: z.array(z.string().nullable()).nullish(),
});
const users = z.array(user);

/** The account of this name; null: the hub has none. */
export async function findAccount(name: string, view: View): Promise<Account | null> {
  const row = user.nullable().parse(await view.hub.read({ method: 'getUser', args: [name] }, view.signal));
  if (row === null) return null;
  // The hub takes a Kerberos principal for a name, and does not say that it did.
  if (row.name !== name)
    throw new Refused(`${name} is a Kerberos principal of the account ${row.name}.`, `Ask for ${row.name}.`);
  return accountOf(row);
}

/** The account of this name; `Refused` with the nearest one when the hub has none. */
export async function pickAccount(name: string, view: View): Promise<Account> {
  const found = await findAccount(name, view);
  if (found) return found;
  const known = await listPeople(view);
  const meant = nearest(
    name,
    known.map((one) => one.name),
  );
  throw new Refused(
    `The hub has no account called ${name}.${meant ? ` Did you mean ${meant}?` : ''}`,
    `\`account create ${name}\` asks for one.`,
  );
}

/** Throws `Refused` for an account that nobody logs in with. */
export function assertPerson({ name, kind }: Account): void {
  if (kind === 'builder')
    throw new Refused(
      `${name} is the account that a builder logs in with; it is left as the hub made it.`,
      `\`builder disable ${name}\` keeps tasks away from it.`,
    );
  if (kind === 'group')
    throw new Refused(
      `${name} is a group of users, and nobody's account.`,
      'A Koji admin looks after groups, with `koji`.',
    );
}

/** Throws `Refused` for the bot's own account: whoever holds a key does not change its own lock. */
export function assertNotBot({ name }: Account, bot: HubAccount, byHand: string): void {
  if (name !== bot.name) return;
  throw new Refused(
    `${name} is Steward's own account on the hub, and Steward does not change that.`,
    `A Koji admin can: \`${byHand}\`.`,
  );
}

/** Throws `Refused` for a name that the hub does not have yet and should not get. */
export async function assertFree(name: string, view: View): Promise<void> {
  assertNoHost(name, view);
  await assertNoTwin(name, view);
}

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

/** Normal users, as the hub lists them; of builders and groups none. */
export async function listPeople(view: View, query: ListQuery = {}): Promise<readonly Account[]> {
  const { begins, permission } = query;
  const call: HubCall = {
    method: 'listUsers',
    args: begins === undefined ? [0] : [0, begins],
    ...(permission === undefined ? {} : { kwargs: { perm: permission } }),
  };
  return users.parse(await view.hub.read(call, view.signal)).map(accountOf);
}

interface ListQuery {
  /** Capital letters count as small ones, and `_` stands for any letter. */
  readonly begins?: string;
  /** Only those who have it; hubs before 1.35 cannot be asked so, and the read is `Refused`. */
  readonly permission?: string;
}

function accountOf(row: z.output<typeof user>): Account {
  return {
    id: row.id,
    name: row.name,
    disabled: (row.status ?? 0) !== 0,
    kind: KINDS[row.usertype ?? 0] ?? 'group',
    principals: (row.krb_principals ?? []).filter((one) => one !== null),
  };
}

/** `enabled, has repo, tag`. */
export function standingOf(account: Account, permissions: readonly string[]): string {
  const has = permissions.length > 0 ? `has ${[...permissions].sort().join(', ')}` : 'has no permissions';
  return `${account.disabled ? 'disabled' : 'enabled'}, ${has}`;
}

/** Koji's task states, by number. */
const STATES = ['free', 'open', 'closed', 'cancelled', 'assigned', 'failed'];
/** Free, open, assigned. */
const UNDER_WAY = [0, 1, 4];
/** That many are named. */
const NAMED = 5;
/** More than this are not counted. */
const MOST_COUNTED = 100;

const tasks = z.array(
  z.object({ id: z.number(), method: z.string(), state: z.number(), create_ts: z.number().nullish() }),
);

/** `2: buildArch 901, buildArch 902`; `none`. */
export async function openTasks(account: Account, view: View): Promise<string> {
  const rows = await tasksOf({ owner: account.id, state: UNDER_WAY }, MOST_COUNTED, view);
  if (rows.length === 0) return 'none';
  const named = rows.slice(0, NAMED).map((row) => `${row.method} ${row.id}`);
  const count = rows.length < MOST_COUNTED ? String(rows.length) : `${MOST_COUNTED} or more`;
  return `${count}: ${named.join(', ')}${rows.length > NAMED ? ', …' : ''}`;
}

/** `build 77 (closed, 2 days ago), …`; `none`. */
export async function lastTasks(account: Account, view: View): Promise<string> {
  const rows = await tasksOf({ owner: account.id }, NAMED, view);
  const said = rows.map(({ method, id, state, create_ts: at }) => {
    const when = at ? `, ${ago(new Date(at * 1000), view.now)}` : '';
    return `${method} ${id} (${STATES[state] ?? 'unknown'}${when})`;
  });
  return said.join(', ') || 'none';
}

async function tasksOf(opts: JsonObject, limit: number, view: View): Promise<z.output<typeof tasks>> {
  const args = [opts, { order: '-id', limit }];
  return tasks.parse(await view.hub.read({ method: 'listTasks', args }, view.signal));
}

/** How people call the hub's accounts in posts; without one of these words it may be an account of anything. */
export const HUB_WORDS = anyOf(`koji, kojihub, build system, buildsystem`);

/** What is near when another account than the hub's is meant. */
export const OTHER_ACCOUNTS =
  anyOf(`rfc, proposal, propose, redmine, jenkins, github, forum account, discourse, copr, foreman user,
          foreman users`);

/** Somebody's account in running text, where it is called so: `user name: toni`. */
export const ACCOUNT_NAME =
  /\b(?:user ?name|account name|login|(?:koji )?(?:user|account))\s?(?::|=|would be|should be|called|named)\s{0,5}["'“‘`]?([a-z0-9_][\w.@-]{0,60}\w)(?![\w@])/i;
