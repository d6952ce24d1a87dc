import type { Reply } from '../core/card.ts';
import type { Outlet } from '../core/courier.ts';
import type { Desk } from '../core/desk.ts';
import type { Finding } from '../core/finding.ts';
import { createLane } from '../core/lane.ts';
import type { Log } from '../core/ports.ts';
import { postedByOne } from '../core/posted-by-one.ts';
import type { FileStore, Inbox, LockStore, PlaceStore, RequestStore } from '../core/store.ts';
import { createAnnouncer } from './announcer.ts';
import { createAnnouncing } from './announcing.ts';
import { createSlackApi } from './api.ts';
import { createConversation } from './conversation.ts';
import { examineSlack } from './examine.ts';
import type { Incoming } from './incoming.ts';
import { createIntake } from './intake.ts';
import { createLeftovers } from './leftovers.ts';
import { createOutlet } from './outlet.ts';
import { createOwnAccount } from './own-account.ts';
import { createPeople, type PeopleOptions } from './people.ts';
import { createSlackHttp, type DoorCount, type SlackHttp } from './receiver.ts';
import { createRouter } from './router.ts';
import { createScheduler, type Limits } from './scheduler.ts';
import { createSlackSocket } from './socket.ts';
import { createVoice } from './voice.ts';
import { createWork } from './work.ts';

/** How Slack reaches us, and as whom we speak. */
export interface SlackFrontOptions {
  readonly mode: 'http' | 'socket';
  /** `https://slack.com/api/` unless told. */
  readonly apiUrl?: string;
  readonly botToken: string;
  /** Needed for `socket`. */
  readonly appToken?: string;
  /** Needed for `http`. */
  readonly signingSecret?: string;
  /** Where what waits for a decision is shown; null: only where it was asked. */
  readonly approversChannel: string | null;
  /** Roles whose people also get a direct message of it. */
  readonly directMessageRoles?: readonly string[];
  readonly people: PeopleOptions;
  readonly inbox: Inbox;
  readonly places: PlaceStore;
  /** The texts that answers give as files. */
  readonly files: Pick<FileStore, 'get'>;
  /** So that one of several web processes posts a message; without it this has to be the only one. */
  readonly locks?: LockStore;
  readonly desk: Desk;
  readonly requests?: Pick<RequestStore, 'list'>;
  readonly log: Log;
  readonly now: () => Date;
  /** Counts what happens at the door. */
  readonly count?: (what: DoorCount) => void;
  /** Socket Mode has heard nothing for 90 s, however often it tried: end the process, and let it be started anew. */
  readonly onDeaf?: (error: Error) => void;
  readonly limits?: Partial<Limits>;
  /** For tests: how long the database may take, when to look for lost messages, how often to sweep. */
  readonly times?: {
    readonly storeMs?: number;
    readonly lookMs?: readonly number[];
    readonly sweepMs?: number;
    readonly handMs?: number;
  };
}

/** Slack, as the rest of the program sees it. */
export interface SlackFront {
  /** Takes Slack's HTTP requests, in mode `http`; says whether it was one. */
  readonly http: SlackHttp | null;
  start(): Promise<void>;
  stop(): Promise<void>;
  /**
   * Brings every Slack place of the request up to date. What has to wait for Slack's limits goes on by itself after
   * `handMs`; throws when something went wrong before that, and may then be called again.
   */
  announce(request: string): Promise<void>;
  /** Says something in the approvers' channel, where there is one. Does not throw: it is logged. */
  tell(said: Reply): void;
  /** Says messages that belong to no request. */
  readonly outlet: Outlet;
  /** Carries on with what was stored longer ago than `olderThanMs` and not finished. Gives how many there were. */
  drain(olderThanMs: number): Promise<number>;
  /** Settles when nothing that came in is being worked on. */
  idle(): Promise<void>;
  /** Is Slack connected? Always true for `http`. */
  connected(): boolean;
  examine(): Promise<readonly Finding[]>;
}

/** Things worked on at once; one while more than `BUSY` deliveries wait for their acknowledgement. */
const TOGETHER = 8;
const BUSY = 4;
/** So long what was asked waits to be shown before the next thing is worked on. */
const TURN_MS = 250;

export function createSlackFront(options: SlackFrontOptions): SlackFront {
  const { botToken, appToken, signingSecret, approversChannel, desk, inbox, log, now } = options;
  const places = options.locks ? postedByOne(options.places, options.locks) : options.places;
  const { storeMs, lookMs, sweepMs = 15_000, handMs = 2000 } = options.times ?? {};
  const base = { ...(options.apiUrl ? { apiUrl: options.apiUrl } : {}), log };
  // Two clients: what people wait for is never behind what is written for everybody.
  const writing = createSlackApi({ ...base, token: botToken, deadlineMs: 10_000 });
  const quick = createSlackApi({ ...base, token: botToken, deadlineMs: 2500 });
  const scheduler = createScheduler({
    api: writing,
    log,
    ...(options.limits ? { limits: options.limits } : {}),
  });
  const apiHost = new URL(options.apiUrl ?? 'https://slack.com/api/').host;
  const voice = createVoice({
    api: quick,
    scheduler,
    log,
    deadlineMs: 2500,
    responseHosts: (host) => host === apiHost || /^hooks\.slack(?:-gov)?\.com$/u.test(host),
  });
  const people = createPeople({ api: quick, options: options.people, log, now });
  const announcer = createAnnouncer({
    desk,
    places,
    files: options.files,
    uploadHosts: (host) => host === apiHost || /^files\.slack(?:-gov)?\.com$/u.test(host),
    scheduler,
    voice,
    people,
    log,
    now,
    approversChannel,
    directMessageRoles: options.directMessageRoles ?? [],
    ...(lookMs ? { lookMs } : {}),
  });
  const announcing = createAnnouncing(announcer, log);
  const conversation = createConversation({
    desk,
    people,
    places,
    // A place that waits for its turn at Slack's limits must not keep the next person waiting at the desk.
    announcer: { announce: (request) => announcing.announce(request, TURN_MS) },
    voice,
    log,
    ...(options.requests ? { requests: options.requests } : {}),
  });
  const router = createRouter({ conversation, self: createOwnAccount(quick), log });
  const lane = createLane(TOGETHER, () => intake.waiting() > BUSY);
  let stopped = false;
  const work = createWork({ inbox, router, conversation, isStopped: () => stopped, log });

  async function late(incoming: Incoming): Promise<void> {
    const answer = await work(incoming);
    // Whoever filled in a modal is told by other means now.
    await answer
      ?.otherwise()
      .catch((error: unknown) => log.warn('an answer was lost', { error: String(error) }));
  }

  const count = options.count ?? (() => undefined);
  const intake = createIntake({
    inbox,
    hand: (incoming) => lane.push(() => late(incoming)),
    answer: work,
    burnt: (incoming) => lane.push(() => conversation.burnt(incoming).catch(() => undefined)),
    count,
    log,
    ...(storeMs ? { storeMs } : {}),
  });
  const http =
    options.mode === 'http'
      ? createSlackHttp({ signingSecret: signingSecret ?? '', intake, count, log, now })
      : null;
  const socket =
    options.mode === 'socket'
      ? createSlackSocket({
          appToken: appToken ?? '',
          ...(options.apiUrl ? { apiUrl: options.apiUrl } : {}),
          intake,
          log,
          now,
          onDeaf: options.onDeaf ?? ((error) => log.error('deaf to slack', { error: error.message })),
        })
      : null;

  const leftovers = createLeftovers({
    ...{ inbox, places, log },
    isDisowned: (id) => intake.disowned(id),
    carryOn: (incoming) => lane.push(() => late(incoming)),
    announce: (request) => announcing.announce(request, handMs).catch(announcing.logLate(request)),
    everyMs: sweepMs,
  });

  const outlet = createOutlet({
    ...{ desk, places, people, scheduler, log },
    lookMs: lookMs ?? [200, 2000],
  });

  return {
    http,
    outlet,
    announce: (request) => announcing.announce(request, handMs),
    tell(said) {
      if (approversChannel === null) return;
      voice
        .say(approversChannel, undefined, said)
        .catch((error: unknown) => log.warn('the approvers were not told', { error: String(error) }));
    },
    drain: leftovers.drain,
    idle: () => lane.idle(),
    connected: () => socket === null || socket.connected() > 0,
    async start() {
      await socket?.start();
      // What an earlier process left. What is younger may be another's work, or a moment ago our own.
      await leftovers
        .drain(2000)
        .catch((error: unknown) => log.warn('the inbox is not drained', { error: String(error) }));
      await leftovers.sweep();
    },
    async stop() {
      stopped = true;
      leftovers.stop();
      await socket?.stop();
      await lane.idle();
      await scheduler.stop();
      await announcing.settled();
      writing.stop();
      quick.stop();
    },
    async examine() {
      const groups = Object.values(options.people.roles).flatMap((role) => role.slackGroups);
      const appApi = socket ? createSlackApi({ ...base, token: appToken ?? '', deadlineMs: 5000 }) : null;
      return examineSlack({
        api: writing,
        people,
        team: options.people.team,
        channels: approversChannel === null ? [] : [approversChannel],
        groups: [...new Set(groups)],
        ...(appApi ? { appApi } : {}),
      });
    },
  };
}
