import { createPrivateKey, X509Certificate } from 'node:crypto';
import { resolve } from 'node:path';
import type { Target } from '../src/hosts/target.ts';
import type { Found } from './checks.ts';
import type { SecretRef } from './kinds.ts';
import type { Config } from './schema.ts';
import { type Read, readNamed, readSecret } from './secrets.ts';

/** What this process has of the outside. A part that its role does not need is null, and its files are not read. */
export interface Resolved {
  /** The hub with the bot's own certificate: for the worker. PEM texts. */
  readonly hub: {
    readonly url: string;
    readonly user: string | undefined;
    /** Koji's, that its account is to have. */
    readonly permissions: readonly string[];
    readonly ca: string;
    readonly cert: string;
    readonly key: string;
  } | null;
  /** The hosts with the bot's key: for the worker. */
  readonly hosts: {
    readonly privateKey: string;
    readonly knownHosts: string;
    readonly scriptsDir: string;
    readonly user: string;
    readonly list: readonly Target[];
  } | null;
  /** Slack with its secrets: for the web role; null also where the config has no Slack. */
  readonly slack: {
    readonly mode: 'http' | 'socket';
    readonly team: string;
    readonly approversChannel: string | undefined;
    readonly directMessageApprovers: boolean;
    readonly apiUrl: string | undefined;
    readonly botToken: string;
    /** There in mode `socket`. */
    readonly appToken: string | undefined;
    /** There in mode `http`. */
    readonly signingSecret: string | undefined;
  } | null;
  /** The forum with its secrets: for the web role; null also where the config has no forum. */
  readonly discourse: {
    /** Without a slash at the end. */
    readonly url: string;
    readonly username: string;
    readonly key: string;
    readonly category: string;
    readonly webhookSecret: string | undefined;
    readonly pollSeconds: number;
    readonly callsPerMinute: number;
    readonly everybody: readonly string[];
    readonly trustLevel: number;
    readonly moderates: boolean;
  } | null;
  /** Without `url`: PGlite in `dir`, an absolute path. */
  readonly database: { readonly url: string | undefined; readonly dir: string };
  /** Without `url`: the queue is in the database. */
  readonly redis: { readonly url: string | undefined };
}

interface Surroundings {
  readonly folder: string;
  readonly dataFolder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly role: 'web' | 'worker' | 'all' | 'doctor';
}

/** Reads the secrets and files that the role needs. */
export async function resolveAll(
  given: Config,
  around: Surroundings,
): Promise<{ resolved: Resolved; unread: readonly Found[]; warnings: readonly Found[] }> {
  const unread: Found[] = [];
  const warnings: Found[] = [];

  function take(
    keys: readonly string[],
    read: Read,
    wrong: (text: string) => string | null,
  ): string | undefined {
    const says = read.ok ? wrong(read.text) : read.says;
    if (read.ok && read.warns) warnings.push({ keys, says: read.warns });
    if (says !== null) unread.push({ keys, says });
    return read.ok && says === null ? read.text : undefined;
  }
  const file = async (
    keys: readonly string[],
    path: string,
    isSecret: boolean,
    wrong: (text: string) => string | null,
  ) => take(keys, await readNamed(path, around.folder, isSecret), wrong);
  const secret = async (
    keys: readonly string[],
    ref: SecretRef | undefined,
    wrong: (text: string) => string | null,
  ) => (ref === undefined ? undefined : take(keys, await readSecret(ref, around.folder, around.env), wrong));
  const address = async (
    keys: readonly string[],
    from: SecretRef | string | undefined,
    names: readonly string[],
  ) => {
    if (typeof from === 'string') return from;
    const name = names.find((one) => around.env[one]?.trim());
    const ref = from ?? (name === undefined ? undefined : { env: name });
    return secret(keys, ref, notAnAddress(keys[0] === 'redis' ? /^rediss?:$/ : /^postgres(ql)?:$/));
  };

  async function readHub(): Promise<Resolved['hub']> {
    const { url, user, permissions } = given.hub;
    const [ca, cert, key] = await Promise.all([
      file(['hub', 'ca'], given.hub.ca, false, notACertificate),
      file(['hub', 'cert'], given.hub.cert, false, notACertificate),
      file(['hub', 'key'], given.hub.key, true, notAKey),
    ]);
    if (ca === undefined || cert === undefined || key === undefined) return null;
    if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) {
      unread.push({ keys: ['hub', 'key'], says: 'is not the key of the certificate in hub.cert' });
      return null;
    }
    return { url, user, permissions, ca, cert, key };
  }

  async function readHosts(): Promise<Resolved['hosts']> {
    const { scriptsDir, user, list } = given.hosts;
    // A site without hosts needs no key for them.
    if (list.length === 0) return { privateKey: '', knownHosts: '', scriptsDir, user, list: [] };
    const [privateKey, knownHosts] = await Promise.all([
      file(['hosts', 'privateKey'], given.hosts.privateKey, true, notAnSshKey),
      file(['hosts', 'knownHosts'], given.hosts.knownHosts, false, () => null),
    ]);
    if (privateKey === undefined || knownHosts === undefined) return null;
    return { privateKey, knownHosts, scriptsDir, user, list: targetsOf(given.hosts) };
  }

  async function readSlack(): Promise<Resolved['slack']> {
    if (given.slack === undefined) return null;
    const { mode, team, approversChannel, directMessageApprovers, apiUrl } = given.slack;
    const [botToken, appToken, signingSecret] = await Promise.all([
      secret(
        ['slack', 'botToken'],
        given.slack.botToken,
        mistaken('xapp-', 'the app; the bot’s begins with xoxb-'),
      ),
      mode === 'socket'
        ? secret(
            ['slack', 'appToken'],
            given.slack.appToken,
            mistaken('xoxb-', 'the bot; the app’s begins with xapp-'),
          )
        : undefined,
      mode === 'http'
        ? secret(['slack', 'signingSecret'], given.slack.signingSecret, (text) =>
            text.length < 8 || text.startsWith('xox') ? 'should be the signing secret of the app' : null,
          )
        : undefined,
    ]);
    if (botToken === undefined || (mode === 'socket' ? appToken : signingSecret) === undefined) return null;
    const channel = { approversChannel, directMessageApprovers };
    return { mode, team, ...channel, apiUrl, botToken, appToken, signingSecret };
  }

  async function readDiscourse(): Promise<Resolved['discourse']> {
    if (given.discourse === undefined) return null;
    const { url, key: keyRef, webhookSecret: secretRef, ...rest } = given.discourse;
    const [key, webhookSecret] = await Promise.all([
      secret(['discourse', 'key'], keyRef, (text) =>
        /^[0-9a-f]{32,128}$/i.test(text)
          ? null
          : 'should be an API key: 64 letters and digits, as the forum shows once',
      ),
      secret(['discourse', 'webhookSecret'], secretRef, (text) =>
        text.length < 16
          ? 'should be at least 16 characters: whoever guesses it could wake me for nothing'
          : null,
      ),
    ]);
    if (key === undefined || (secretRef !== undefined && webhookSecret === undefined)) return null;
    return { ...rest, url: url.replace(/\/+$/, ''), key, webhookSecret };
  }

  const { role } = around;
  const [hub, hosts, slack, discourse, url, redisUrl] = await Promise.all([
    role === 'web' ? null : readHub(),
    role === 'web' ? null : readHosts(),
    role === 'worker' ? null : readSlack(),
    role === 'worker' ? null : readDiscourse(),
    address(['database', 'url'], given.database.url, ['STEWARD_DATABASE_URL', 'DATABASE_URL']),
    address(['redis', 'url'], given.redis.url, ['REDIS_URL']),
  ]);
  const database = { url, dir: resolve(around.dataFolder, given.database.dir) };
  return { resolved: { hub, hosts, slack, discourse, database, redis: { url: redisUrl } }, unread, warnings };
}

function notACertificate(text: string): string | null {
  try {
    new X509Certificate(text);
    return null;
  } catch {
    return 'should name a file with a certificate, PEM (-----BEGIN CERTIFICATE-----)';
  }
}

function notAKey(text: string): string | null {
  if (/ENCRYPTED/.test(text)) return 'has a passphrase, and nobody is there to type it';
  try {
    createPrivateKey(text);
    return null;
  } catch {
    return 'should name a file with a private key, PEM (-----BEGIN PRIVATE KEY-----)';
  }
}

// OpenSSH's own format says inside whether there is a passphrase; doctor finds that out.
function notAnSshKey(text: string): string | null {
  if (/ENCRYPTED/.test(text)) return 'has a passphrase, and nobody is there to type it';
  return /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text) ? null : 'should name a file with a private SSH key';
}

function mistaken(prefix: string, what: string): (text: string) => string | null {
  return (text) => (text.startsWith(prefix) ? `holds the token of ${what}` : null);
}

function notAnAddress(protocol: RegExp): (text: string) => string | null {
  return (text) =>
    URL.canParse(text) && protocol.test(new URL(text).protocol)
      ? null
      : `does not hold an address (${String(protocol).includes('redis') ? 'redis://…' : 'postgres://…'})`;
}

/** The hosts with what they leave out filled in. */
function targetsOf({ user, port, list }: Config['hosts']): readonly Target[] {
  return list.map((host) => ({
    name: host.name,
    address: host.address ?? host.name,
    port: host.port ?? port,
    user: host.user ?? user,
  }));
}
