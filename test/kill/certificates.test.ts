import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CA_DIR, hasOpenssl } from '../../sandbox/hosts/ca.ts';
import { openDatabase } from '../../src/store/database.ts';
import { createStore } from '../../src/store/store.ts';
import { makeAsker } from '../support/certificate-authority.ts';
import { CA_SETTINGS, SANDBOX_SUBJECT } from '../support/certificate-site.ts';
import { keepLog } from '../support/log.ts';
import { thorough } from '../support/thorough.ts';
import { type Asking, POINTS, type Point } from './points.ts';
import { type KillSite, liveOnce, startKillSite } from './site.ts';
import { STORES, skippedText, startServers } from './stores.ts';

type Verb = 'issue' | 'renew' | 'revoke';

/** The lock of all is the same, and is crossed with every other boundary. */
const ALL = POINTS.filter((point) => point !== 'after lock');
const KILLS: readonly { readonly verb: Verb; readonly at: Point }[] = (
  ['issue', 'renew', 'revoke'] as const
).flatMap((verb) => ALL.map((at) => ({ verb, at })));

describe.concurrent('a worker that is killed between any two steps of a certificate’s way', () => {
  for (const store of STORES)
    it.skipIf(store.missing !== null || !hasOpenssl)(
      `signs and revokes each once, and delivers it: ${store.name}${skippedText(store)}`,
      { timeout: 900_000 },
      async ({ onTestFinished }) => {
        const servers = await startServers(store, onTestFinished);
        const site = await startKillSite({ version: '1.35', ca: true });
        onTestFinished(() => site.close());
        // Each kill takes seconds, so the stores take turns; sampled, each point is tried with one of the three.
        const [every, first] = thorough ? [2, store.redis ? 0 : 1] : [6, store.redis ? 0 : 3];
        const kills = KILLS.filter((_, index) => index % every === first);
        const askings = kills.map(({ verb, at }, index) => askingFor(site, verb, at, index));
        const names = ['cert issue', 'cert renew', 'cert revoke'];
        const setup = {
          ...site.setup,
          ...servers,
          settings: Object.fromEntries(names.map((one) => [one, CA_SETTINGS])),
          inTurn: true,
          leaseMs: 2_500,
        };

        // Each life sees what the last one left to its end, and dies of the next.
        for (let at = 0; at <= askings.length; at++) {
          const left = askings.slice(Math.max(0, at - 1), at).map((one) => ({ ...one, at: null }));
          const next = askings.slice(at, at + 1);
          const ended = await liveOnce({ ...setup, askings: [...left, ...next] }, site.hub);
          expect([at, ended.killed, ended.statuses]).toEqual([
            at,
            next.length > 0,
            next.length > 0 ? {} : Object.fromEntries(left.map(({ key }) => [key, 'succeeded'])),
          ]);
        }

        const database = await openDatabase({
          url: servers.databaseUrl ?? undefined,
          dir: setup.dir,
          log: keepLog(),
        });
        onTestFinished(() => database.close());
        const { requests } = createStore(database);
        const all = await requests.list({ limit: 100 });
        expect(all.map(({ status }) => status)).toEqual(askings.map(() => 'succeeded'));
        for (const { key, verb, user } of askings) {
          const request = all.find(({ text }) => text.includes(user));
          const events = await requests.events(request?.id ?? '');
          expect([key, recordOf(site, user)]).toEqual([
            key,
            { issue: ['V'], renew: ['V', 'V'], revoke: ['R'] }[verb],
          ]);
          const result = JSON.stringify(events.at(-1));
          if (verb === 'revoke') expect(result).toContain('Revoked: ');
          else expect(result).toContain(newestOf(site, user).replaceAll('\n', '\\n').slice(0, -2));
        }
      },
    );
});

function askingFor(
  site: KillSite,
  verb: Verb,
  at: Point,
  index: number,
): Asking & { verb: Verb; user: string } {
  const key = `${verb}${index}`;
  const user = `${key}-1`;
  if (verb !== 'issue') signBefore(site, user);
  const { csr } = makeAsker(site.dir, `${SANDBOX_SUBJECT}/CN=${user}`);
  const text =
    verb === 'revoke'
      ? `cert revoke ${user} reason=key-lost because=it is lost`
      : `cert ${verb} for=${user} csr=${csr}`;
  return { key, text, at, verb, user };
}

const dirOf = ({ hosts }: KillSite): string => join(hosts.world('ca').root, CA_DIR);

/** The certificate that somebody had before all this. */
function signBefore(site: KillSite, user: string): void {
  const subject = `${SANDBOX_SUBJECT}/CN=${user}`;
  const keys = ['-keyfile', 'private/koji_ca_cert.key', '-cert', 'koji_ca_cert.crt'];
  const file = join(site.dir, 'before.csr');
  writeFileSync(file, makeAsker(site.dir, subject).csr);
  execFileSync(
    'openssl',
    ['ca', '-batch', '-config', 'ssl.cnf', ...keys, '-notext', '-subj', subject, '-in', file],
    { cwd: dirOf(site), stdio: 'pipe' },
  );
}

const linesOf = (site: KillSite, user: string): readonly (readonly string[])[] =>
  readFileSync(join(dirOf(site), 'index.txt'), 'utf8')
    .split('\n')
    .map((line) => line.split('\t'))
    .filter((fields) => fields[5]?.endsWith(`/CN=${user}`));

const recordOf = (site: KillSite, user: string): readonly (string | undefined)[] =>
  linesOf(site, user).map(([state]) => state);

function newestOf(site: KillSite, user: string): string {
  return readFileSync(join(dirOf(site), `newcerts/${linesOf(site, user).at(-1)?.[3]}.pem`), 'utf8');
}
