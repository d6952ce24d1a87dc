import { createServer } from 'node:http';
import { type SandboxSlack, type SlackOptions, startSlack } from '../../sandbox/slack/slack.ts';
import { createSlackFront, type SlackFrontOptions } from '../../src/slack/front.ts';
import type { DoorCount } from '../../src/slack/receiver.ts';
import { memoryInbox, memoryPlaces } from './memory.ts';
import { smallDesk } from './small-desk.ts';

export const QUICK = { postGapMs: 0, editGapMs: 0, retryMs: [20, 40, 80] };

export interface RigOptions {
  readonly slack?: SlackOptions;
  readonly front?: Partial<SlackFrontOptions>;
}

/** A pretend Slack, a small desk, and the front end between them. */
export async function startRig(options: RigOptions = {}) {
  const slack: SandboxSlack = await startSlack({ rateScale: Number.POSITIVE_INFINITY, ...options.slack });
  const small = smallDesk();
  const box = memoryInbox();
  const places = memoryPlaces(small.last);
  const logged: { message: string; about?: Record<string, unknown> | undefined }[] = [];
  const counts = new Map<DoorCount, number>();
  const note = (message: string, about?: Record<string, unknown>) => void logged.push({ message, about });
  const build = () =>
    createSlackFront({
      mode: 'http',
      apiUrl: slack.apiUrl,
      botToken: slack.botToken,
      appToken: slack.appToken,
      signingSecret: slack.signingSecret,
      approversChannel: 'C0ADMINS',
      people: {
        people: [
          { id: 'maria', name: 'Maria', slack: 'U0MARIA', roles: ['packager'] },
          { id: 'adam', name: 'Adam', slack: 'U0ADAM', roles: [] },
        ],
        roles: { admin: { slackGroups: ['koji-admins'] } },
        everybody: ['member'],
        team: slack.team,
      },
      inbox: box.inbox,
      places,
      files: { get: async () => null },
      desk: small.desk,
      log: { info: note, warn: note, error: note },
      now: () => new Date(),
      count: (what) => counts.set(what, (counts.get(what) ?? 0) + 1),
      limits: QUICK,
      times: { lookMs: [0, 100], sweepMs: 60_000, storeMs: 300 },
      ...options.front,
    });
  let front = build();
  const server = createServer((req, res) => {
    void front.http?.(req, res).then((taken) => {
      if (!taken) res.writeHead(404).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  if ((options.front?.mode ?? 'http') === 'http')
    slack.setRequestUrl(`http://127.0.0.1:${port}/slack/events`);
  await front.start();
  return {
    slack,
    places,
    logged,
    counts,
    ...small,
    ...box,
    port,
    front: () => front,
    /** Ends the front end without a word, as a crash would, and starts another. */
    async crash() {
      front = build();
      await front.start();
    },
    async close() {
      await front.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await slack.close();
    },
  };
}

export type Rig = Awaited<ReturnType<typeof startRig>>;

/** All texts of a message, blocks included. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  return Object.values(value).map(textOf).join('\n');
}
