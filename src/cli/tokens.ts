import { userInfo } from 'node:os';
import type { Actor } from '../core/events.ts';
import { nearest } from '../core/near.ts';
import { Refused } from '../core/refused.ts';
import type { Store } from '../core/store.ts';
import { EXIT, type Io } from './io.ts';
import { tableText } from './text.ts';

/** `token issue`: the token on standard output and nothing else, so that it can be piped. */
export async function issueToken(
  { tokens, ledger }: Pick<Store, 'tokens' | 'ledger'>,
  about: { readonly person: string; readonly label: string; readonly known: readonly string[] },
  io: Io,
): Promise<number> {
  const { person, label, known } = about;
  if (!known.includes(person)) {
    const meant = nearest(person, known);
    throw new Refused(
      `The config knows nobody called ${person}.${meant ? ` Did you mean ${meant}?` : ''}`,
      'A token is for somebody in `people` of the config.',
    );
  }
  const { id, token } = await tokens.issue(person, label);
  try {
    await ledger.note('token-issued', atConsole(), { token: id, person, label });
  } catch (error) {
    // Nobody gets a token that the audit trail does not know.
    await tokens.revoke(id);
    throw error;
  }
  io.err(`Token ${id} of ${person}. It is shown this once: into ~/.config/steward/token, chmod 600.\n`);
  await io.out(`${token}\n`);
  return EXIT.done;
}

/** `token list`. */
export async function listTokens({ tokens }: Pick<Store, 'tokens'>, json: boolean, io: Io): Promise<number> {
  const listed = await tokens.list();
  if (json) await io.out(`${JSON.stringify(listed)}\n`);
  else if (listed.length === 0) await io.out('There are no tokens.\n');
  else {
    const rows = listed.map(({ id, person, label, issued }) => [
      id,
      person,
      label,
      issued.toISOString().slice(0, 16).replace('T', ' '),
    ]);
    await io.out(`${tableText({ columns: ['Token', 'Person', 'Label', 'Issued (UTC)'], rows }, io.style)}\n`);
  }
  return EXIT.done;
}

/** `token revoke`. */
export async function revokeToken(
  { tokens, ledger }: Pick<Store, 'tokens' | 'ledger'>,
  id: string,
  io: Io,
): Promise<number> {
  if (!(await tokens.revoke(id)))
    throw new Refused(`There is no token ${id} that works.`, 'See `steward token list`.');
  await ledger.note('token-revoked', atConsole(), { token: id });
  await io.out(`${id} does not work any more.\n`);
  return EXIT.done;
}

/** Whoever sits at the server, for the audit trail. */
function atConsole(): Actor {
  const { username } = userInfo();
  return { id: `console:${username}`, name: `${username} on the server` };
}
