import { createServer } from 'node:http';
import { startForum } from '../sandbox/discourse/forum.ts';
import { createDesk } from '../src/core/counter.ts';
import { ruleOf } from '../src/core/policy.ts';
import type { Log } from '../src/core/ports.ts';
import { scanCommands } from '../src/core/registry.ts';
import { createRequests } from '../src/core/requests.ts';
import type { Store } from '../src/core/store.ts';
import { createDiscourseFront } from '../src/discourse/front.ts';
import { openDatabase } from '../src/store/database.ts';
import { createStore } from '../src/store/store.ts';
import type { Bench, Benchmark } from './bench-kind.ts';
import type { Figure } from './figures.ts';
import { median } from './numbers.ts';

const ROUNDS = 5;
/** Short, so that it can be measured; the target goes with it. */
const POLL_MS = 4_000;
const LONGEST_MS = 15_000;
const silent: Log = { info: () => {}, warn: () => {}, error: () => {} };

/** How long somebody in the forum waits until what they posted is a request: with the webhook, and without. */
export const forumRequest: readonly Benchmark[] = [
  {
    name: 'forum.webhook',
    what: 'from a post to its request, told of by the webhook',
    lacks: () => null,
    run: (bench) => measure(bench, 'forum.webhook', true, 2_000),
  },
  {
    name: 'forum.polled',
    what: `from a post to its request, found by looking every ${POLL_MS / 1000} s`,
    lacks: () => null,
    run: (bench) => measure(bench, 'forum.polled', false, POLL_MS + 2_000),
  },
];

async function measure(
  { scope, say }: Bench,
  name: string,
  hooked: boolean,
  targetMs: number,
): Promise<readonly Figure[]> {
  const forum = scope.keep(await startForum({ rateScale: Number.POSITIVE_INFINITY }));
  const database = scope.keep(await openDatabase({ dir: ':memory:', log: silent }));
  const made = watched(createStore(database));
  const { store } = made;
  const registry = await scanCommands(new URL('../commands/', import.meta.url));
  const now = () => new Date();
  const hints = { send: async () => true };
  const requests = createRequests({ store, hints, now, times: { remindHours: 4 } });
  const rule = (command: string) => {
    const found = registry.get(command);
    if (!found) throw new Error(`no command ${command}`);
    return ruleOf(found);
  };
  const site = { registry, rule, settings: () => ({}), kojiUser: () => null, audiences: new Set<string>() };
  const desk = createDesk({ site, requests, store, hints, operators: ['admin'], now, log: silent });
  const front = createDiscourseFront({
    url: forum.url,
    username: forum.bot.username,
    key: forum.apiKey,
    category: forum.category.path,
    webhookSecret: forum.webhookSecret,
    pollMs: POLL_MS,
    moderates: true,
    people: {
      site: new URL(forum.url).host,
      people: [],
      roles: {},
      everybody: ['packager'],
      trustLevel: 0,
      approving: new Set(['admin']),
    },
    ...{ desk, now, log: silent },
    inbox: store.inbox,
    places: store.places,
    locks: store.locks,
    notes: store.notes,
    links: store.links,
    requests: store.requests,
    // Looking so often is more than the budget of a real forum has.
    ...(hooked ? {} : { times: { perMinute: 1_000 } }),
  });
  const server = createServer((req, res) => void front.http(req, res));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  scope.later(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await front.start();
  scope.later(() => front.stop());
  while ((await store.locks.all()).length === 0 || !front.connected()) await pause(50);
  if (hooked) forum.setWebhook(`http://127.0.0.1:${port}/discourse/webhook`);
  const waited: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const request = made.next();
    // Not always at the same distance from the next look.
    await pause(hooked ? 100 : (POLL_MS / ROUNDS) * round);
    const began = performance.now();
    await forum
      .as('maria')
      .topic(`Something to be done, number ${round}`, `@steward builder capacity builder2 ${round + 20}`);
    waited.push((await request) - began);
  }
  say(`${waited.map(Math.round).join(' ')} ms`);
  const target = { of: 'ours', is: 'under', value: targetMs } as const;
  return [{ name: `${name} (longest)`, ours: Math.max(...waited), peer: null, unit: 'ms', target }].concat([
    { name: `${name} (median)`, ours: median(waited), peer: null, unit: 'ms', target },
  ]);
}

/** The store, and the moment at which it has taken the next request. */
function watched(store: Store): { readonly store: Store; next(): Promise<number> } {
  let tell: (at: number) => void = () => {};
  const create: Store['requests']['create'] = async (origin, make) => {
    const created = await store.requests.create(origin, make);
    if (created.isNew) tell(performance.now());
    return created;
  };
  return {
    store: { ...store, requests: { ...store.requests, create } },
    next: () =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no request within ${LONGEST_MS} ms`)), LONGEST_MS);
        tell = (at) => {
          clearTimeout(timer);
          resolve(at);
        };
      }),
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
