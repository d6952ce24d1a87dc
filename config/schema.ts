import { z } from 'zod';
import {
  account,
  forumCategory,
  hostName,
  path,
  port,
  role,
  secretRef,
  secretUrl,
  slackChannel,
  webUrl,
} from './kinds.ts';
import { audience, command, person, roleGroups } from './who.ts';

const hub = z
  .strictObject({
    url: z
      .url({
        protocol: /^https?$/,
        error: 'should be the address of the hub: https://koji.example.org/kojihub',
      })
      .describe('Address of the hub.'),
    web: z
      .url({
        protocol: /^https?$/,
        error: 'should be the address of Koji’s web pages: https://koji.example.org/koji',
      })
      .refine((text) => !/[?#|<>()\s]|\/kojihub\/?$/.test(text), {
        error:
          'should be the address of Koji’s web pages alone, not the hub’s: https://koji.example.org/koji',
      })
      .optional()
      .describe('Address of Koji’s web pages (kojiweb): a task of the hub that is named is linked there.'),
    ca: path.describe('File with the certificate of the authority that vouches for the hub, PEM.'),
    cert: path.describe('File with the certificate of the bot’s own Koji account, PEM.'),
    key: path.describe('File with its key, PEM. May be the same file.'),
    user: z
      .string()
      .min(1)
      .max(255)
      .optional()
      .describe('The login name that the hub should see; doctor says when it is another.'),
    permissions: z
      .array(z.string().min(1).max(50))
      .default(['host'])
      .describe(
        'Koji permissions that the bot’s account is to have. A command that needs another one is switched off.',
      ),
  })
  .describe('The Koji hub. The files are read by the worker only.');

const host = z.strictObject({
  name: hostName.describe('What people call it; for a builder, its name on the hub.'),
  address: z
    .string()
    .min(1)
    .max(253)
    .regex(/^[a-z0-9:._%-]+$/i, 'should be a host name or an IP address')
    .regex(/^[^-]/, 'should be a host name or an IP address')
    .optional()
    .describe('Where to reach it, if not by its name.'),
  port: port.optional().describe('SSH port, if not the one above.'),
  user: account.optional().describe('Account, if not the one above.'),
});

const hosts = z
  .strictObject({
    user: account.describe('The bot’s account on the hosts. It has no rights of its own.'),
    port: port.default(22).describe('SSH port.'),
    privateKey: path.describe('File with the bot’s SSH key, without a passphrase.'),
    knownHosts: path.describe('A known_hosts file: the key of every host.'),
    scriptsDir: z
      .string()
      .regex(
        /^(\/[A-Za-z0-9_][A-Za-z0-9._-]*)+$/,
        'should be an absolute path of letters, digits, dots and dashes',
      )
      .default('/usr/local/libexec/steward')
      .describe('Where the root scripts are installed on the hosts.'),
    list: z.array(host).max(1000).default([]).describe('The hosts.'),
  })
  .describe('The machines that are reached over SSH. The files are read by the worker only.');

const database = z
  .strictObject({
    url: secretUrl(['postgres', 'postgresql'])
      .optional()
      .describe('PostgreSQL. If not given: STEWARD_DATABASE_URL, then DATABASE_URL, then PGlite in `dir`.'),
    dir: path
      .default('.steward/data')
      .describe('Directory of PGlite, for one process only; if not given, below the working directory.'),
  })
  .describe('The truth.');

const redis = z
  .strictObject({
    url: secretUrl(['redis', 'rediss'])
      .optional()
      .describe('Redis of the queue. If not given: REDIS_URL, then the queue is in the database.'),
  })
  .describe('The queue.');

const slack = z
  .strictObject({
    mode: z
      .enum(['http', 'socket'])
      .describe('`http`: Slack calls this server. `socket`: this server calls Slack.'),
    team: z
      .string()
      .regex(/^[TE][A-Z0-9]{2,}$/, 'should be the id of the workspace: T and then capital letters and digits')
      .describe('Id of the workspace. Nobody from another one is listened to.'),
    approversChannel: slackChannel
      .optional()
      .describe('Channel where approvers are told of what waits for them.'),
    directMessageApprovers: z.boolean().default(false).describe('Tell approvers by direct message as well.'),
    botToken: secretRef.describe('Token of the bot, xoxb-….'),
    appToken: secretRef.optional().describe('Token of the app, xapp-…; for mode `socket`.'),
    signingSecret: secretRef.optional().describe('Signing secret of the app; for mode `http`.'),
    apiUrl: webUrl.optional().describe('Another address of the Web API, for tests.'),
  })
  .describe('Slack. The secrets are read by the web role only.');

const discourse = z
  .strictObject({
    url: webUrl
      .refine(
        (text) => URL.canParse(text) && new URL(text).search === '',
        'should be the address of the forum alone',
      )
      .describe('Address of the forum.'),
    username: z
      .string()
      .regex(/^[\p{L}\p{N}_][\p{L}\p{N}._-]{0,59}$/u, 'should be the user name of the bot, without @')
      .describe('User name of the bot there.'),
    key: secretRef.describe('API key of that one user, with the scopes of docs/running.md.'),
    category: forumCategory.describe(
      'The category that is watched: its path as the address bar shows it after /c/.',
    ),
    webhookSecret: secretRef
      .optional()
      .describe('Secret of the webhook at /discourse/webhook. Without it new posts are found by looking.'),
    pollSeconds: z
      .number()
      .int()
      .min(10)
      .max(3600)
      .default(60)
      .describe('How often to look for new posts, in seconds.'),
    callsPerMinute: z
      .number()
      .int()
      .min(6)
      .max(600)
      .default(18)
      .describe('Calls to the forum a minute. It takes 60 of all keys together, unless told otherwise.'),
    everybody: z
      .array(role)
      .default(['packager'])
      .describe('Roles of everybody with an account there, listed or not. None that may approve.'),
    trustLevel: z
      .number()
      .int()
      .min(0)
      .max(4)
      .default(0)
      .describe('Trust level from which somebody has the roles of `everybody`.'),
    moderates: z
      .boolean()
      .default(true)
      .describe(
        'Is the bot in the group that moderates the category? Without that it may not post thrice in a row.',
      ),
  })
  .describe('The forum (Discourse). The secrets are read by the web role only.');

/** Every setting of Steward. `docs/` is made from it, and `load.ts` adds what one schema cannot say. */
export const configSchema = z.strictObject({
  hub,
  hosts,
  database: database.prefault({}),
  redis: redis.prefault({}),
  slack: slack.optional(),
  discourse: discourse.optional(),
  people: z.array(person).max(10_000).default([]).describe('People the bot knows by name.'),
  roles: z
    .record(role, roleGroups)
    .default({
      admin: { slackGroups: [], discourseGroups: [] },
      packager: { slackGroups: [], discourseGroups: [] },
    })
    .describe('All roles, and who has them beside the lists of `people`.'),
  everybody: z
    .array(role)
    .default(['packager'])
    .describe('Roles of every full member of the workspace, listed or not.'),
  operators: z.array(role).default(['admin']).describe('Roles that may freeze and thaw.'),
  commands: z
    .record(z.string(), command)
    .default({})
    .describe('By name of the command: who may ask and approve (stricter than declared), and its settings.'),
  shared: z
    .record(z.string(), z.unknown())
    .default({})
    .describe('Settings that several commands share, by the name that they give them.'),
  http: z
    .strictObject({
      host: z.string().min(1).default('127.0.0.1').describe('Address to listen on.'),
      port: z.number().int().min(0).max(65_535).default(8420).describe('Port to listen on.'),
      url: webUrl.optional().describe('How people reach it from outside.'),
    })
    .prefault({})
    .describe('The HTTP surface: Slack, the forum, terminals, health, metrics.'),
  audiences: z
    .record(
      z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'should be a word: small letters, digits and dashes'),
      audience,
    )
    .default({})
    .describe('Whom messages that belong to no request are for, and where they read them.'),
  watch: z
    .strictObject({
      hour: z
        .number()
        .int()
        .min(0)
        .max(23)
        .default(6)
        .describe('Hour, UTC, at which Steward looks once a day for what ends soon: certificates.'),
    })
    .prefault({}),
  reminders: z
    .strictObject({
      hours: z.number().positive().max(8760).default(4).describe('Approvers are told again after this long.'),
    })
    .prefault({}),
  worker: z
    .strictObject({
      leaseSeconds: z
        .number()
        .int()
        .min(5)
        .max(600)
        .default(20)
        .describe('How long a lock outlives its worker.'),
      concurrency: z.number().int().min(1).max(64).default(8).describe('Requests worked on at once.'),
    })
    .prefault({}),
  log: z
    .strictObject({
      level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
    })
    .prefault({}),
});

export type Config = z.output<typeof configSchema>;
