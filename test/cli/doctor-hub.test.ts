import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type SandboxHub, startHub } from '../../sandbox/hub/hub.ts';
import { makePki } from '../../sandbox/pki.ts';
import { lookAtHub } from '../../src/doctor-outside.ts';
import { keepLog } from '../support/log.ts';

let dir: string;
let hub: SandboxHub;
let own: { readonly ca: string; readonly cert: string; readonly key: string };
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'steward-doctor-'));
  const pki = await makePki(dir);
  hub = await startHub({ version: '1.35', pki });
  own = { ca: pki.ca, ...(await pki.client('steward')) };
});
afterAll(async () => {
  await hub.close();
  await rm(dir, { recursive: true, force: true });
});

/** What doctor says of the permissions, where the account has these and the config names those. */
async function look(has: readonly string[], permissions: readonly string[]) {
  const bot = hub.world.users.find(({ name }) => name === 'steward');
  if (!bot) throw new Error('no steward');
  bot.permissions = [...has];
  const rows = await lookAtHub(
    { url: hub.url, user: 'steward', permissions, ...own },
    { signal: AbortSignal.timeout(10_000), log: keepLog() },
  );
  return rows.find(({ check }) => check === 'permissions');
}

it('is content with an account that has what the config names', async () => {
  expect(await look(['host', 'tag'], ['host'])).toMatchObject({ ok: 'ok', says: 'host, tag' });
});

it('warns of an account that is admin without need, and says both ways out', async () => {
  const row = await look(['admin'], ['host']);
  expect(row).toMatchObject({ ok: 'warn', says: 'steward is admin: it could do much more than it has to' });
  expect(row?.todo).toContain('koji revoke-permission admin steward');
  expect(row?.todo).toContain('hub.permissions');
});

it('does not call admin too much where the config names it, but says what it is', async () => {
  const says = 'admin: everything on the hub, as hub.permissions says';
  expect(await look(['admin'], ['host', 'admin'])).toMatchObject({ ok: 'ok', says });
});

it('names the command that gives what is missing', async () => {
  expect(await look([], ['host'])).toMatchObject({
    ok: 'bad',
    says: 'steward has none, and hub.permissions names host',
    todo: 'An admin of the hub says: koji grant-permission host steward. Or take it out of hub.permissions.',
  });
  const admin = await look(['host'], ['host', 'admin']);
  expect(admin).toMatchObject({ ok: 'bad', says: 'steward has host, and hub.permissions names admin' });
});
