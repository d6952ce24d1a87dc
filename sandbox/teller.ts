import { setTimeout as sleep } from 'node:timers/promises';
import type { ForumPost } from './discourse/forum.ts';
import type { SandboxSite } from './site.ts';
import type { Ephemeral, Message, View } from './slack/model.ts';
import { namesOf } from './slack/names.ts';
import { entryText } from './slack/transcript.ts';

export const KOJI = 'C0KOJI';
export const ADMINS = 'C0ADMINS';
/** Longest that people would wait for anything in the sandbox. */
const PATIENCE_MS = 20_000;

/** Tells what happens in chat and forum, beat by beat, and waits for what must come of each. */
export type Teller = ReturnType<typeof createTeller>;

export function createTeller({ slack, forum }: SandboxSite, print: (text: string) => void) {
  const failures: string[] = [];
  const printed = new Map<string, string>();
  const names = namesOf(slack);
  let beats = 0;

  const everything = (): { where: string; entry: Message | Ephemeral }[] => [
    ...[KOJI, ADMINS].flatMap((channel) =>
      slack
        .messages(channel)
        .flatMap((top) =>
          slack.thread(channel, top.ts).map((entry) => ({ where: `#${names.channel(channel)}`, entry })),
        ),
    ),
    ...slack.users.flatMap((user) =>
      slack.ephemerals(user.id).map((entry) => ({ where: `only for ${user.name}`, entry })),
    ),
  ];

  const posts = (): { where: string; post: ForumPost }[] => [
    ...forum
      .topics(forum.category.id)
      .flatMap((topic) => forum.posts(topic.id).map((post) => ({ where: `forum: ${topic.title}`, post }))),
    ...forum.users.flatMap((user) =>
      forum
        .messages(user.username)
        .flatMap((topic) =>
          forum.posts(topic.id).map((post) => ({ where: `private message to ${user.username}`, post })),
        ),
    ),
  ];

  const nameOf = (id: number): string => forum.users.find((user) => user.id === id)?.username ?? 'somebody';

  /** Lets what is still on its way arrive, so that a beat is told whole. */
  async function quiet(): Promise<void> {
    const end = Date.now() + 3000;
    let changed = Date.now();
    const stops = [slack, forum].map((place) =>
      place.onChange(() => {
        changed = Date.now();
      }),
    );
    while (Date.now() < end && Date.now() - changed < 400) await sleep(50);
    for (const stop of stops) stop();
  }

  /** What is new or has changed since the last look. */
  function show(): void {
    for (const { where, entry } of everything()) showOne(where, entry.ts, entryText(entry, names));
    for (const { where, post } of posts())
      showOne(where, String(post.id), postText(post, nameOf(post.userId)));
  }

  function showOne(where: string, id: string, text: string): void {
    const key = `${where} ${id}`;
    if (printed.get(key) === text) return;
    const mark = printed.has(key) ? ' (edited)' : '';
    printed.set(key, text);
    print(`\n  ${where}${mark}\n${text.replace(/^/gm, '    ')}`);
  }

  return {
    beats: () => beats,
    failures: () => failures,
    text: (channel: string, ts: string): string =>
      slack
        .thread(channel, ts)
        .slice(0, 1)
        .map((one) => entryText(one, names))
        .join(''),
    async beat<T>(what: string, act: () => Promise<T>): Promise<T> {
      beats++;
      print(`\n— ${what}`);
      try {
        return await act();
      } catch (error) {
        failures.push(`${what} ${error instanceof Error ? error.message : String(error)}`);
        throw error;
      } finally {
        await quiet();
        show();
      }
    },
    /** A message in this channel, or in a thread there, that matches all of these. */
    sees: (channel: string, ...patterns: readonly RegExp[]): Promise<Message> =>
      slack.waitFor(
        () =>
          slack
            .messages(channel)
            .toReversed()
            .find((top) => patterns.every((pattern) => pattern.test(entryText(top, names)))),
        PATIENCE_MS,
      ),
    whispered: (user: string, pattern: RegExp): Promise<Ephemeral> =>
      slack.waitFor(
        () =>
          slack
            .ephemerals(user)
            .findLast(
              (one) =>
                pattern.test(entryText(one, names)) && !printed.has(`only for ${names.user(user)} ${one.ts}`),
            ),
        PATIENCE_MS,
      ),
    /** A post in this topic that matches all of these. */
    reads: (topic: number, ...patterns: readonly RegExp[]): Promise<ForumPost> =>
      forum.waitFor(
        () =>
          forum
            .posts(topic)
            .toReversed()
            .find((post) => patterns.every((pattern) => pattern.test(post.raw))),
        PATIENCE_MS,
      ),
    form: (user: string): Promise<View> => slack.waitFor(() => slack.views(user).at(-1), PATIENCE_MS),
  };
}

/** As it reads in the forum: what is not shown there is not printed. */
function postText(post: ForumPost, by: string): string {
  return `${by}: ${post.raw.replace(/<!--[\s\S]*?-->/g, '').trim()}`;
}
