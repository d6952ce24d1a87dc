import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHub } from '../src/koji/hub.ts';
import type { ForumPost } from './discourse/forum.ts';
import { hasOpenssl } from './hosts/ca.ts';
import type { SandboxSite } from './site.ts';
import { ADMINS, type Teller } from './teller.ts';

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** The part of the story that is the request this bot gets most: a new packager's certificate, to the first login. */
export async function tellCertificate(
  site: SandboxSite,
  teller: Teller,
  print: (text: string) => void,
): Promise<void> {
  if (!hasOpenssl) {
    print('\n— There is no openssl here, so there is no CA either: nobody gets a certificate.');
    return;
  }
  // What is in it stays on the machine of the one who asks.
  const home = mkdtempSync(join(tmpdir(), 'steward-demo-toni-'));
  try {
    await tell(site, teller, print, home);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

async function tell(
  site: SandboxSite,
  { beat, sees, reads }: Teller,
  print: (text: string) => void,
  home: string,
): Promise<void> {
  const { forum, slack } = site;
  const [toni, adam] = [forum.as('toni'), slack.as('U0ADAM')];
  const file = (name: string): string => readFileSync(join(home, name), 'utf8');
  const account = () => site.hub.world.users.find(({ name }) => name === 'toni');

  const { topic } = await beat(
    'Toni is new, and asks in the forum as everybody does: may I have a certificate for Koji?',
    async () => {
      const opened = await toni.topic(
        'Certificate for Koji',
        'Hello, I am going to build some packages. Could somebody please issue a Koji client certificate for me?',
      );
      await reads(opened.topic, /cert issue/);
      return opened;
    },
  );
  const line = await beat('@steward cert issue, thank you', async () => {
    await toni.reply(topic, '@steward cert issue, thank you');
    return lineIn(await reads(topic, /umask 077; openssl req/));
  });
  await beat(
    `Toni runs that line at home. The key stays there; the request is pasted into the topic.`,
    async () => {
      execFileSync('bash', ['-c', line], { cwd: home, timeout: 30_000, stdio: 'pipe' });
      await toni.reply(topic, `@steward cert issue csr=\n${file('toni.csr')}`);
      await reads(topic, /Sign a certificate for toni/, /Create toni/, /approve r\d+/);
    },
  );
  const cert = await beat('Adam approves in chat, and the certificate is in the topic.', async () => {
    const card = await sees(ADMINS, /Sign a certificate for toni/, /\[Approve\]/);
    await adam.press(ADMINS, card.ts, 'Approve');
    const post = await reads(topic, /Certificate [0-9A-F]+ of toni/, /BEGIN CERTIFICATE-----/);
    must(account()?.permissions.includes('image') === true, 'toni may build images on the hub');
    return certificateIn(post);
  });
  const logIn = async (): Promise<string> => {
    const hub = createHub({
      url: site.hub.url,
      ca: site.ca,
      cert,
      key: file('toni.key'),
      deadlineMs: 5_000,
      log: silent,
    });
    try {
      const { name, permissions } = await hub.account(AbortSignal.timeout(10_000));
      return `You are ${name}, with ${permissions.join(', ') || 'no permissions'}.`;
    } catch (error) {
      return `Turned away: ${error instanceof Error ? error.message : String(error)}`;
    } finally {
      await hub.close();
    }
  };
  await beat(
    'With key and certificate Toni logs in to the hub, over TLS, and asks it: who am I?',
    async () => {
      const says = await logIn();
      print(`\n  the hub\n    ${says}`);
      must(says === 'You are toni, with image.', 'the hub knows toni by the certificate');
    },
  );
  await beat(
    'A week later the laptop is gone, and so is the key. Toni has the certificate revoked.',
    async () => {
      await toni.reply(topic, '@steward cert revoke toni reason=key-lost because=my laptop was stolen');
      const card = await sees(ADMINS, /Revoke [0-9A-F]+ of toni/, /\[Approve\]/);
      await adam.press(ADMINS, card.ts, 'Approve');
      await reads(topic, /Revoked: [0-9A-F]+/);
      const says = await logIn();
      print(`\n  the hub\n    ${says}`);
      must(says.startsWith('Turned away'), 'the hub turns the revoked certificate away');
    },
  );
}

/** The line to run, as it stands in the post. */
function lineIn({ raw }: ForumPost): string {
  const line = /^\(umask 077; openssl req .*\)$/m.exec(raw)?.[0];
  if (line === undefined) throw new Error('no line to run in the post');
  return line;
}

function certificateIn({ raw }: ForumPost): string {
  const pem = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/.exec(raw)?.[0];
  if (pem === undefined) throw new Error('no certificate in the post');
  return pem;
}

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`expected: ${what}`);
}
