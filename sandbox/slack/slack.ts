import { createServer } from 'node:http';
import { createAgenda } from '../agenda.ts';
import { waitFor } from '../wait-for.ts';
import { type Actor, createActor } from './actor.ts';
import { createDelivery, type Sent } from './delivery.ts';
import type { Fault } from './faults.ts';
import { readManifest } from './manifest.ts';
import { post } from './messages.ts';
import type { World } from './methods.ts';
import type { Call, Channel, Ephemeral, Group, Message, Ping, User, View } from './model.ts';
import { eventCallback } from './payloads.ts';
import { createPermits } from './permits.ts';
import { createRates } from './rates.ts';
import { sign } from './signature.ts';
import { createSockets } from './sockets.ts';
import { createState } from './state.ts';
import { createWebApi } from './web-api.ts';

export interface SlackOptions {
  /** 0 or absent: any free one. */
  readonly port?: number;
  /** A file that keeps the messages over a restart. */
  readonly statePath?: string;
  /** Where events, commands and presses go as signed HTTP. Without it they go to Socket Mode connections. */
  readonly requestUrl?: string;
  readonly team?: string;
  /** Multiplies every rate limit; 1 is the real service, `Infinity` has none. */
  readonly rateScale?: number;
  /** What the bot token may do; without it, what the app's manifest asks for. */
  readonly scopes?: readonly string[];
  /** Milliseconds that the bot has for an acknowledgement; 3000 as the real service. */
  readonly ackMs?: number;
  /** Milliseconds before each retry of an event. */
  readonly retryMs?: readonly number[];
  /** Milliseconds since 1970; a test may move it. */
  readonly now?: () => number;
}

/** A pretend Slack that listens on 127.0.0.1. */
export interface SandboxSlack {
  /** `http://127.0.0.1:port/api/`. */
  readonly apiUrl: string;
  readonly signingSecret: string;
  readonly botToken: string;
  readonly appToken: string;
  readonly team: string;
  readonly users: readonly User[];
  readonly groups: readonly Group[];
  readonly channels: readonly Channel[];
  setRequestUrl(url: string | undefined): void;
  /** Acts as this person. Throws for an id that nobody has. */
  as(userId: string): Actor;
  /** Top-level messages, oldest first. `dm:U0MARIA` is the direct message with a person. */
  messages(channel: string): readonly Message[];
  /** A message and its replies, oldest first. */
  thread(channel: string, ts: string): readonly Message[];
  ephemerals(user: string): readonly Ephemeral[];
  /** Open modals, the top one last. */
  views(user: string): readonly View[];
  home(user: string): View | null;
  /** What was shared, byte for byte; null: there is no such file. */
  file(id: string): { readonly name: string; readonly bytes: Buffer } | null;
  pings(user: string): readonly Ping[];
  callLog(): readonly Call[];
  /** Changes who is in a user group, and tells the app if it asked to be told. */
  changeGroup(id: string, users: readonly string[]): Promise<void>;
  misbehave(fault: Fault): void;
  behave(): void;
  /** Adds a message as if it had always been there: no event, for stories and tests. */
  plant(message: {
    readonly channel: string;
    readonly user: string;
    readonly text: string;
    readonly thread?: string;
  }): string;
  /** How many Socket Mode connections are open. */
  sockets(): number;
  /** Tells the oldest `most` connections (all, unless told) to go and come back, as the service does every few hours. */
  refreshSockets(reason?: 'refresh_requested' | 'warning', graceMs?: number, most?: number): void;
  /** Cuts the connections, as a network does. */
  dropSockets(): void;
  readonly deliver: {
    /** A request to the request URL with whatever is wrong with it. */
    raw(request: {
      readonly body: string;
      readonly contentType?: string;
      readonly ageSeconds?: number;
      readonly signature?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }): Promise<{ readonly status: number; readonly body: string }>;
    /** Sends something again, byte for byte. */
    again(sent: Sent): Promise<{ readonly status: number; readonly body: string }>;
    /** The handshake of a new request URL: true when the challenge came back. */
    challenge(): Promise<boolean>;
    sent(): readonly Sent[];
  };
  /** Looks after every change until `look` gives something; throws after `ms`. */
  waitFor<T>(look: () => T | undefined | null | false, ms?: number): Promise<T>;
  onChange(listener: () => void): () => void;
  close(): Promise<void>;
}

/** Starts the pretend Slack. */
export async function startSlack(options: SlackOptions = {}): Promise<SandboxSlack> {
  const now = options.now ?? Date.now;
  const manifest = readManifest();
  const state = createState(options.team ?? 'T0KOJI', options.statePath, now);
  const permits = createPermits(now);
  const faults = createAgenda<Fault>();
  const sockets = createSockets();
  let requestUrl = options.requestUrl;
  let baseUrl = '';
  const delivery = createDelivery({
    secret: state.secrets.signing,
    sockets,
    requestUrl: () => requestUrl,
    now,
    ackMs: options.ackMs ?? 3000,
    retryMs: options.retryMs ?? [500, 60_000, 300_000],
  });
  const world: World = { state, permits, socketUrl: () => sockets.url(baseUrl), baseUrl: () => baseUrl };
  const handle = createWebApi({
    world,
    faults,
    rates: createRates(now, options.rateScale ?? 1),
    scopes: options.scopes ?? manifest.scopes,
    now,
  });

  const server = createServer((request, response) => {
    handle(request, response).catch(() => {
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  server.on('upgrade', (request, socket, head) => sockets.upgrade(request, socket, head));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the pretend Slack has no port');
  baseUrl = `http://127.0.0.1:${address.port}/`;

  const channelId = (given: string) =>
    given.startsWith('dm:') ? state.directMessage(given.slice(3)).id : given;
  const slack: SandboxSlack = {
    apiUrl: `${baseUrl}api/`,
    signingSecret: state.secrets.signing,
    botToken: state.secrets.bot,
    appToken: state.secrets.app,
    team: state.team,
    users: state.users,
    get groups() {
      return state.groups;
    },
    get channels() {
      return state.channels;
    },
    setRequestUrl: (url) => {
      requestUrl = url;
    },
    as: (userId) =>
      createActor(userId, {
        state,
        permits,
        delivery,
        now,
        manifest,
        responseUrl: (what) => `${baseUrl}response/${permits.responseUrl(what)}`,
      }),
    messages(channel) {
      const id = channelId(channel);
      return state.messages.filter((one) => one.channel === id && one.threadTs === undefined);
    },
    thread(channel, ts) {
      const id = channelId(channel);
      return state.messages.filter((one) => one.channel === id && (one.ts === ts || one.threadTs === ts));
    },
    ephemerals: (user) => state.ephemerals.filter((one) => one.to === user),
    views: (user) => state.views.filter((one) => one.user === user),
    home: (user) => state.homes.find((one) => one.user === user) ?? null,
    file: (id) => state.files.get(id) ?? null,
    pings: (user) => state.pings.filter((one) => one.user === user),
    callLog: () => state.calls,
    async changeGroup(id, users) {
      const old = state.groups.find((group) => group.id === id);
      if (old === undefined) throw new Error(`there is no group ${id}`);
      state.groups = state.groups.map((group) => (group === old ? { ...group, users } : group));
      state.changed();
      if (!manifest.events.includes('subteam_members_changed')) return;
      const added = users.filter((user) => !old.users.includes(user));
      const removed = old.users.filter((user) => !users.includes(user));
      const event = {
        type: 'subteam_members_changed',
        subteam_id: id,
        team_id: state.team,
        date_update: Math.floor(now() / 1000),
        added_users: added,
        added_users_count: added.length,
        removed_users: removed,
        removed_users_count: removed.length,
      };
      await delivery.sendEvent({ kind: 'events_api', payload: eventCallback(state, now(), event) });
    },
    misbehave: faults.add,
    behave: faults.clear,
    plant: ({ channel, user, text, thread }) =>
      post(state, { channel: channelId(channel), user, text, blocks: [], threadTs: thread }).ts,
    sockets: sockets.count,
    refreshSockets: (reason = 'refresh_requested', graceMs = 1000, most = 10) =>
      sockets.refresh(reason, graceMs, most),
    dropSockets: sockets.drop,
    deliver: {
      raw({ body, contentType = 'application/x-www-form-urlencoded', ageSeconds = 0, signature, headers }) {
        const timestamp = Math.floor(now() / 1000) - ageSeconds;
        return delivery.raw(
          {
            'content-type': contentType,
            'x-slack-request-timestamp': String(timestamp),
            'x-slack-signature': signature ?? sign(state.secrets.signing, timestamp, body),
            ...headers,
          },
          body,
        );
      },
      again: (sent) => delivery.raw(sent.headers, sent.body),
      async challenge() {
        const body = JSON.stringify({
          type: 'url_verification',
          token: 'relic',
          challenge: 'sandbox-challenge',
        });
        const answer = await slack.deliver.raw({ body, contentType: 'application/json' });
        return answer.status === 200 && answer.body.includes('sandbox-challenge');
      },
      sent: delivery.sent,
    },
    waitFor: (look, ms) => waitFor(state.onChange, look, ms),
    onChange: state.onChange,
    async close() {
      await delivery.close();
      await sockets.close();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      state.save();
    },
  };
  return slack;
}
