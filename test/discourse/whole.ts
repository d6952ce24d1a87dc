import { createServer } from 'node:http';
import { type ForumOptions, startForum } from '../../sandbox/discourse/forum.ts';
import { createDiscourseFront, type DiscourseFrontOptions } from '../../src/discourse/front.ts';
import { type KernelOptions, startKernel } from '../support/kernel.ts';

export interface WholeOptions {
  readonly forum?: ForumOptions;
  readonly front?: Partial<DiscourseFrontOptions>;
  readonly kernel?: KernelOptions;
  /** Without it new posts are found by looking. */
  readonly webhook?: boolean;
}

/** The pretend forum, the real front end, and the real kernel with a worker: as it is in life, in one process. */
export async function startWhole(options: WholeOptions = {}) {
  const kernel = await startKernel(options.kernel);
  const forum = await startForum({ rateScale: Number.POSITIVE_INFINITY, ...options.forum });
  const account = (name: string): number => forum.users.find((user) => user.username === name)?.id ?? 0;
  const site = new URL(forum.url).host;
  const build = () =>
    createDiscourseFront({
      url: forum.url,
      username: forum.bot.username,
      key: forum.apiKey,
      category: forum.category.path,
      webhookSecret: forum.webhookSecret,
      pollMs: 300,
      moderates: true,
      people: {
        site,
        people: [
          { id: 'maria', name: 'maria', discourse: account('maria'), roles: ['packager'] },
          { id: 'adam', name: 'adam', discourse: account('adam'), roles: ['admin'] },
        ],
        roles: { admin: { discourseGroups: ['koji-admins'] } },
        everybody: ['packager'],
        trustLevel: 0,
        approving: new Set(['admin']),
      },
      desk: kernel.desk,
      inbox: kernel.store.inbox,
      places: kernel.store.places,
      locks: kernel.store.locks,
      notes: kernel.store.notes,
      links: kernel.store.links,
      requests: kernel.store.requests,
      log: kernel.log,
      now: () => new Date(),
      times: { beatMs: 50, perMinute: 100_000, postGapMs: 0, rereadMs: 0, lookMs: [0, 100] },
      ...options.front,
    });
  let front = build();
  const server = createServer((req, res) => {
    void front.http(req, res).then((taken) => {
      if (!taken) res.writeHead(404).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  if (options.webhook ?? true) forum.setWebhook(`http://127.0.0.1:${port}/discourse/webhook`);
  const started = async (): Promise<void> => {
    await front.start();
    // What is posted before the first look is what was there already.
    while ((await kernel.store.locks.all()).length === 0 || !front.connected())
      await new Promise((resolve) => setTimeout(resolve, 20));
  };
  await started();
  // A worker that looks for work all the time.
  let working = true;
  const work = (async () => {
    while (working) {
      await kernel.settle();
      await kernel.sweep();
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  })();
  const bot = forum.bot.id;
  /** What the bot has said in a topic, oldest first. */
  const ours = (topic: number) => forum.posts(topic).filter((post) => post.userId === bot && !post.deleted);
  return {
    kernel,
    forum,
    site,
    port,
    account,
    front: () => front,
    ours,
    /** The newest post of the bot's in a topic that matches all of these. */
    says: (topic: number, ...patterns: readonly RegExp[]) =>
      forum.waitFor(
        () =>
          ours(topic)
            .toReversed()
            .find((post) => patterns.every((pattern) => pattern.test(post.raw))),
        8_000,
      ),
    /** Nothing is said there, though everything had time to be. */
    async staysSilent(topic: number, posts: number): Promise<boolean> {
      await new Promise((resolve) => setTimeout(resolve, 600));
      return ours(topic).length === posts;
    },
    /** Only open, running or ended requests, newest first. */
    requests: () => kernel.store.requests.list({ limit: 100 }),
    capacity: (name: string) => kernel.hub.world.hosts.find((host) => host.name === name)?.capacity,
    /** Ends the front end, and starts another over the same store. */
    async restart(): Promise<void> {
      await front.stop();
      front = build();
      await started();
    },
    async close(): Promise<void> {
      working = false;
      await work;
      await front.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await forum.close();
      await kernel.close();
    },
  };
}

export type Whole = Awaited<ReturnType<typeof startWhole>>;
