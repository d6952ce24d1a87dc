import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hasOpenssl } from '../../sandbox/hosts/ca.ts';
import { type SandboxSite, startSite } from '../../sandbox/site.ts';
import { startSteward } from '../../sandbox/steward.ts';
import { openDatabase } from '../../src/store/database.ts';
import { createStore } from '../../src/store/store.ts';
import { keepLog } from '../support/log.ts';
import { noPostgres, startPostgres } from '../support/postgres.ts';
import { until } from '../support/process.ts';
import { noRedis, startRedis } from '../support/redis.ts';
import { thorough } from '../support/thorough.ts';

const KOJI = 'C0KOJI';

const stores = [
  { name: 'PGlite, the queue in it', servers: false, lacks: null },
  {
    name: 'PostgreSQL and Redis',
    servers: true,
    lacks: thorough ? (noPostgres ?? noRedis) : 'takes longer; tried where everything is',
  },
] as const;

describe.each(stores)('private keys that people paste everywhere: $name', ({ servers, lacks }) => {
  it.skipIf(lacks !== null || !hasOpenssl)(
    `are in no table, no job, no log and no message${lacks ? ` (skipped: ${lacks})` : ''}`,
    { timeout: 120_000 },
    async ({ onTestFinished }) => {
      const dir = await mkdtemp(join(tmpdir(), 'steward-keys-'));
      onTestFinished(() => rm(dir, { recursive: true, force: true }));
      const pastes = pastesIn(dir);
      const site = await startSite({ dir: join(dir, 'site') });
      onTestFinished(() => site.close());
      const postgres = servers ? await startPostgres() : null;
      if (postgres) onTestFinished(() => postgres.stop());
      const redis = servers ? await startRedis() : null;
      if (redis) onTestFinished(() => redis.stop());
      const url = await postgres?.fresh();
      const env = url && redis ? { STEWARD_DATABASE_URL: url, REDIS_URL: redis.url } : {};
      const log = keepLog();
      const where = { url, dir: join(dir, 'site/data'), log };
      const token = await tokenIn(where);
      const steward = await startSteward(site, { env, log });
      let running = true;
      const stop = async (): Promise<void> => {
        if (running) await steward.stop();
        running = false;
      };
      onTestFinished(stop);

      await pasteEverywhere(site, `http://127.0.0.1:${steward.port}`, token, pastes.all);
      // What is no key is done meanwhile: a certificate, from the asking to the result.
      await getCertificate(site, pastes.csr);
      const keys = redis ? await redisText(redis) : '';
      await stop();

      const found = {
        database: await databaseText(where),
        files: url ? '' : filesText(where.dir),
        redis: keys,
        log: log.lines.join('\n'),
        slack: JSON.stringify([site.slack.callLog(), said(site)]),
        forum: JSON.stringify(site.forum.callLog()),
      };
      // The search finds what is there.
      expect(found.database).toContain('cert renew');
      expect(found.slack).toContain('private key');
      expect(found.slack).toContain('BEGIN CERTIFICATE-----');
      expect(found.forum).toContain('A private key in your post');
      expect(found.log).toContain('somebody sent a private key');
      const all = pastes.secrets.flatMap((secret) => [secret, Buffer.from(secret).toString('hex')]);
      expect(all.length).toBeGreaterThan(200);
      for (const [place, text] of Object.entries(found)) {
        const dense = text.replace(/[\s\\]/g, '');
        expect([place, all.filter((secret) => text.includes(secret) || dense.includes(secret))]).toEqual([
          place,
          [],
        ]);
        expect([place, /BEGIN [A-Z ]*PRIVATE KEY/.test(text)]).toEqual([place, false]);
      }
    },
  );
});

/** Keys in every shape in which people have them, what of each is long enough to be looked for, and a request. */
function pastesIn(dir: string) {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const spelled = (key: KeyObject, type: 'pkcs1' | 'pkcs8' | 'sec1' = 'pkcs8'): string =>
    key.export({ type, format: 'pem' } as { type: 'pkcs8'; format: 'pem' }).toString();
  const body = (pem: string): string => pem.replace(/-----.*-----/g, '').trim();
  const openssl = (...args: readonly string[]): Buffer =>
    execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' });
  writeFileSync(join(dir, 'rsa.key'), spelled(rsa));
  openssl('req', '-x509', '-new', '-key', 'rsa.key', '-subj', '/CN=x', '-out', 'x.crt');
  const p12 = openssl('pkcs12', '-export', '-inkey', 'rsa.key', '-in', 'x.crt', '-passout', 'pass:x');
  execFileSync(
    'openssl',
    [
      ...['req', '-new', '-newkey', 'rsa:2048', '-nodes', '-keyout', join(dir, 'maria.key')],
      ...['-subj', '/C=US/ST=NC/O=Koji Sandbox/CN=maria', '-out', join(dir, 'maria.csr')],
    ],
    { stdio: 'pipe' },
  );
  const own = readFileSync(join(dir, 'maria.key'), 'utf8');
  // What stands in the public half too is no secret.
  const known = readFileSync(join(dir, 'maria.csr'), 'utf8').replaceAll('\n', '');
  const openssh = `-----BEGIN OPENSSH PRIVATE KEY-----\n${Buffer.from(`openssh-key-v1\0${'k'.repeat(200)}`).toString('base64')}\n-----END OPENSSH PRIVATE KEY-----`;
  const putty = `PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\nComment: me\nPrivate-Lines: 3\n${body(spelled(ec))}\nPrivate-MAC: 0123`;
  const encrypted = rsa
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
    .toString();
  const pem = spelled(rsa);
  const all: readonly string[] = [
    pem,
    spelled(rsa, 'pkcs1'),
    spelled(ec, 'sec1'),
    encrypted,
    body(encrypted),
    body(pem),
    body(pem).replaceAll('\n', ''),
    `\`\`\`\n${pem}\n\`\`\``,
    pem.replaceAll('\n', ' '),
    pem.replaceAll('-----', '—–'),
    pem.replace(/.{20}/g, '$&\n'),
    pem.slice(pem.length / 2),
    `${known.slice(0, 200)}\n${own}`,
    p12.toString('base64'),
    openssh,
    putty,
    JSON.stringify(rsa.export({ format: 'jwk' })),
    Buffer.from(pem).toString('base64'),
    openssl('pkey', '-in', 'rsa.key', '-noout', '-text').toString(),
  ];
  const secrets = all
    .flatMap((text) => text.split(/[\n ]/))
    .concat(own.split('\n'))
    .map((line) => line.trim())
    .filter((line) => line.length >= 40 && /^[\w+/=:.-]+$/.test(line) && !known.includes(line));
  return { all, secrets: [...new Set(secrets)], csr: readFileSync(join(dir, 'maria.csr'), 'utf8') };
}

/** In Slack as a command, in a direct message, in a form; in the forum as a topic and a reply; in a terminal. */
async function pasteEverywhere(
  site: SandboxSite,
  url: string,
  token: string,
  pastes: readonly string[],
): Promise<void> {
  const maria = site.slack.as('U0MARIA');
  const inForum = site.forum.as('maria');
  const { topic } = await inForum.topic('A certificate for Koji please', 'I would like to build packages.');
  for (const [at, paste] of pastes.entries()) {
    await maria.slash(`/koji cert issue csr=${paste}`, KOJI);
    await maria.say(`please take this: ${paste}`, 'dm');
    await maria.say(`@steward cert issue csr=${paste}`, KOJI);
    // Slack opens one form at a time, and people fill in whatever they like.
    if (at % 4 === 0) {
      await maria.slash('/koji builder disable builder1', KOJI);
      const view = await site.slack.waitFor(() => site.slack.views('U0MARIA').at(-1));
      await maria.submit(view.id, { host: 'builder1', because: paste.slice(0, 2900) });
      if (site.slack.views('U0MARIA').some(({ id }) => id === view.id)) await maria.closeView(view.id);
    }
    await inForum.reply(topic, `@steward cert issue csr=\n${paste}`);
    const answer = await fetch(`${url}/api/say`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'idempotency-key': `keys-test-${at}`,
      },
      body: JSON.stringify({ text: `cert issue csr=${paste}` }),
      signal: AbortSignal.timeout(10_000),
    });
    expect(await answer.text()).toMatch(/private key/i);
  }
  await inForum.topic('My key does not work', `Here it is:\n\n${pastes[0]}`);
  await inForum.edit(await inForum.reply(topic, 'What is wrong with my key, please?'), `This: ${pastes[3]}`);
  // All of that is read.
  const calls = site.forum.callLog().length;
  const reads = (): number =>
    site.forum
      .callLog()
      .slice(calls)
      .filter(({ method }) => method === 'GET').length;
  await until(() => reads() > 1 && site.forum.messages('maria').length > 0, 40_000);
}

async function getCertificate({ slack }: SandboxSite, csr: string): Promise<void> {
  await slack.as('U0MARIA').slash(`/koji cert renew csr=${csr}`, KOJI);
  const has = (channel: string, text: string) => () =>
    slack.messages(channel).find((one) => JSON.stringify(one).includes(text));
  const card = await slack.waitFor(has('C0ADMINS', 'Renew the certificate of maria'), 40_000);
  await slack.as('U0ADAM').press('C0ADMINS', card.ts, 'Approve');
  // Handed over where it was asked for.
  await slack.waitFor(has(KOJI, 'BEGIN CERTIFICATE-----'), 40_000);
}

/** What the bot shows; what people said is theirs. */
function said({ slack }: SandboxSite): unknown {
  return [
    slack.users.map(({ id }) => [slack.ephemerals(id), slack.views(id)]),
    ['C0KOJI', 'C0ADMINS'].map((channel) =>
      slack.messages(channel).filter(({ user }) => user === 'U0STEWARD'),
    ),
  ];
}

type Where = {
  readonly url: string | undefined;
  readonly dir: string;
  readonly log: ReturnType<typeof keepLog>;
};

async function tokenIn(where: Where): Promise<string> {
  const database = await openDatabase(where);
  const { token } = await createStore(database).tokens.issue('maria', 'laptop');
  await database.close();
  return token;
}

/** Every row of every table, as text. */
async function databaseText(where: Where): Promise<string> {
  const database = await openDatabase(where);
  const tables = await database.query(
    `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
     where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`,
  );
  expect(tables.length).toBeGreaterThan(8);
  const texts: string[] = [];
  for (const { name } of tables) {
    const rows = await database.query(`select t::text as row from ${String(name)} t`);
    texts.push(...rows.map(({ row }) => String(row)));
  }
  await database.close();
  return texts.join('\n');
}

/** The files of the embedded database, its log of writes too: also what was deleted since. */
function filesText(dir: string): string {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .map((name) => join(dir, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path).toString('latin1'))
    .join('\n');
}

/** Every key of Redis with its value, as Redis itself packs it. */
async function redisText(redis: Awaited<ReturnType<typeof startRedis>>): Promise<string> {
  const names = (await redis.command('KEYS', '*')) as readonly string[];
  expect(names.length).toBeGreaterThan(5);
  const texts = await Promise.all(
    names.map(async (name) => {
      const type = await redis.command('TYPE', name);
      const read: Readonly<Record<string, [string, ...string[]]>> = {
        string: ['GET', name],
        hash: ['HGETALL', name],
        list: ['LRANGE', name, '0', '-1'],
        set: ['SMEMBERS', name],
        zset: ['ZRANGE', name, '0', '-1'],
        stream: ['XRANGE', name, '-', '+'],
      };
      const command = read[String(type)];
      if (!command) throw new Error(`Redis has a ${String(type)}, and nobody looked at it`);
      return `${name} ${JSON.stringify(await redis.command(...command))}`;
    }),
  );
  return texts.join('\n');
}
