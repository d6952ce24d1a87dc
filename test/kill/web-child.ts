import { z } from 'zod';
import { createHttp } from '../../src/http.ts';
import { createSlackFront } from '../../src/slack/front.ts';
import { startLife } from './life.ts';
import type { Setup } from './points.ts';

// One life of a process that listens to Slack and works. With TEST_AT it kills itself there: `stored`, when what came
// in is in the inbox and not acknowledged; `carried-on`, when all of it is done and the inbox does not know it yet.

const setup = z
  .custom<Setup>((value) => typeof value === 'object')
  .parse(JSON.parse(process.env.TEST_SETUP ?? ''));
const slack = z
  .object({ apiUrl: z.string(), botToken: z.string(), signingSecret: z.string(), team: z.string() })
  .parse(JSON.parse(process.env.TEST_SLACK ?? ''));
const at = process.env.TEST_AT;
const die = (point: string): void => {
  if (at === point) process.kill(process.pid, 'SIGKILL');
};
process.on('disconnect', () => process.exit(3));

const { desk, store, log } = await startLife(setup, { isAt: () => false, reached: async () => undefined });
const front = createSlackFront({
  mode: 'http',
  ...slack,
  approversChannel: 'C0ADMINS',
  people: {
    people: [{ id: 'maria', name: 'maria', slack: 'U0MARIA', roles: ['packager'] }],
    roles: {},
    everybody: ['packager'],
    team: slack.team,
  },
  files: store.files,
  inbox: {
    ...store.inbox,
    async put(item) {
      const stored = await store.inbox.put(item);
      die('stored');
      return stored;
    },
    async done(id) {
      die('carried-on');
      await store.inbox.done(id);
      process.send?.('done');
    },
  },
  places: store.places,
  desk,
  log,
  now: () => new Date(),
  limits: { postGapMs: 0, editGapMs: 0 },
});
const http = createHttp({
  host: '127.0.0.1',
  port: Number(process.env.TEST_PORT),
  doors: front.http ? { '/slack/': front.http } : {},
  health: async () => ({ ok: true, parts: {} }),
  metrics: async () => '',
  desk: null,
  tokens: store.tokens,
  personById: async () => null,
  log,
});
await http.start();
process.send?.('ready');
await front.start();
