import { z } from 'zod';
import type { Outlet } from '../core/courier.ts';
import { digestOf } from '../core/json.ts';
import type { Notice } from '../core/notice.ts';
import type { Log } from '../core/ports.ts';
import type { Spot } from '../core/routes.ts';
import { type Category, parseCategory } from './category.ts';
import type { Forum } from './forum.ts';
import { isMarked, marked } from './marker.ts';
import { mentionOf } from './mention.ts';
import type { Messages } from './messages.ts';
import type { Written } from './model.ts';
import { noticeMessage, noticePost, noticeReply, noticeTitle } from './notice-post.ts';
import type { People } from './people.ts';
import type { Posted, Writer } from './writer.ts';

/** What a message is found again by. */
const aim = z.discriminatedUnion('kind', [
  /** A reply: not before this number. */
  z.object({ kind: z.literal('reply'), topic: z.number(), from: z.number() }),
  /** A topic of its own. */
  z.object({ kind: z.literal('open'), category: z.string().nullable() }),
  z.object({ kind: z.literal('message'), user: z.number() }),
]);
type Aim = z.output<typeof aim>;

/** The forum forgets after five minutes what was too like another post. */
const SIMILAR_MS = 6 * 60_000;
/** Pages of the category, newest first, that are looked through for a topic of ours. */
const MOST_PAGES = 3;

/** Says messages in the forum that belong to no request: for the one process that speaks there. */
export function createOutlet(deps: {
  readonly forum: Pick<Forum, 'topics' | 'postsFrom' | 'open'>;
  readonly writer: Writer;
  readonly messages: Messages;
  readonly people: Pick<People, 'accountOf' | 'usernameOf'>;
  readonly bot: string;
  /** Our own user id. */
  readonly self: number;
  readonly log: Log;
  readonly now: () => Date;
}): Pick<Outlet, 'aim' | 'say'> {
  const { forum, writer, messages, people, bot, self, log, now } = deps;

  type Answer = Awaited<ReturnType<Outlet['say']>>;

  const closed = (says: string) => ({ kind: 'closed', says }) as const;
  const notNow = (says: string, waitMs?: number) =>
    ({ kind: 'not-now', says, ...(waitMs === undefined ? {} : { waitMs }) }) as const;
  const markerOf = (key: string): string => `steward:message:${digestOf(key).slice(0, 32)}`;

  function answerOf(written: Posted | Exclude<Written, { kind: 'lost' | 'conflict' }>): Answer {
    switch (written.kind) {
      case 'ok':
        return { kind: 'said' };
      case 'held':
        // A moderator lets it through or not; a second one would only be one more to look at.
        log.warn('a message waits for a moderator of the forum');
        return { kind: 'said' };
      case 'refused':
        if (written.why === 'slow') return notNow(written.says, written.waitMs);
        return written.why === 'similar' ? notNow(written.says, SIMILAR_MS) : closed(written.says);
      default:
        return notNow('the forum does not say whether it is there');
    }
  }

  async function reply(notice: Notice, at: Spot, { topic, from }: Aim & { kind: 'reply' }, again: boolean) {
    const raw = noticeReply(notice, bot, at.kind === 'request' ? await mentionOf(at.person, people) : null);
    const marker = markerOf(notice.key);
    return answerOf(
      await writer.post({ topic, replyTo: null, raw, marker, urgency: 'answer', from, lookFirst: again }),
    );
  }

  /**
   * Is there a topic of ours with this marker? Not found by a time: clocks are put right. The forum itself mends titles a
   * little.
   */
  async function isOpened(
    marker: string,
    title: string,
    of: Category | undefined,
  ): Promise<boolean | 'unknown'> {
    for (let page = 0, more = true; more && page < MOST_PAGES; page++) {
      const list = await forum.topics(page, 'answer', of);
      if (list.kind !== 'ok') return 'unknown';
      const alike = list.value.topics.filter((one) => folded(one.title).startsWith(folded(title)));
      for (const { id } of alike) {
        const posts = await forum.postsFrom(id, 1, 'answer');
        if (posts.kind === 'away') return 'unknown';
        const [first] = posts.kind === 'ok' ? posts.value : [];
        if (first?.userId === self && isMarked(first.raw, marker)) return true;
      }
      more = list.value.more;
    }
    return false;
  }

  async function open(notice: Notice, { category }: Aim & { kind: 'open' }, again: boolean): Promise<Answer> {
    const of = category === null ? undefined : parseCategory(category);
    const marker = markerOf(notice.key);
    const raw = marked(noticePost(notice, bot), marker);
    const title = noticeTitle(notice);
    if (again) {
      const there = await isOpened(marker, title, of);
      if (there === 'unknown') return notNow('the forum does not say whether it is there');
      if (there) return { kind: 'said' };
    }
    // No two topics have the same title, and the same may be said once a year.
    for (const one of [title, `${title} (${now().toISOString().slice(0, 10)})`]) {
      const written = await forum.open(one, raw, 'answer', of);
      const isRefused = written.kind === 'refused' && written.why === 'invalid' && one === title;
      if (!isRefused && written.kind !== 'lost' && written.kind !== 'conflict') return answerOf(written);
      // Also where the title is taken: by what had no answer.
      const there = await isOpened(marker, title, of);
      if (there === true) return { kind: 'said' };
      if (!isRefused || there === 'unknown') return notNow('the forum does not say whether it is there');
    }
    return closed('the forum takes no topic of this title');
  }

  async function message(notice: Notice, { user }: Aim & { kind: 'message' }): Promise<Answer> {
    const sent = await messages.send(user, `notice:${notice.key}`, notice.title, noticeMessage(notice, bot));
    if (sent === 'sent') return { kind: 'said' };
    return sent === 'nobody' ? closed('no private message can go there') : notNow('no private message now');
  }

  async function aimAt(at: Spot): Promise<Aim | Exclude<Answer, { kind: 'said' }>> {
    if (at.kind === 'direct') {
      const user = await people.accountOf(at.person);
      return user === null ? closed('no account in the forum') : { kind: 'message', user };
    }
    if (at.kind === 'category') return { kind: 'open', category: at.category };
    const topic = at.kind === 'topic' ? at.topic : at.kind === 'request' ? Number(at.where) : Number.NaN;
    if (!Number.isSafeInteger(topic)) return closed('no place in the forum');
    const last = await writer.lastNumber(topic, 'answer');
    if (last.kind === 'gone') return closed('the topic is gone');
    if (last.kind === 'away') return notNow(last.says);
    return { kind: 'reply', topic, from: last.value + 1 };
  }

  return {
    async aim(_notice, at) {
      const aimed = await aimAt(at);
      if (aimed.kind === 'closed' || aimed.kind === 'not-now') return aimed;
      return { kind: 'aimed', aim: { ...aimed } };
    },
    say(notice, at, aimed, again) {
      const target = aim.parse(aimed);
      if (target.kind === 'reply') return reply(notice, at, target, again);
      return target.kind === 'open' ? open(notice, target, again) : message(notice, target);
    },
  };
}

/** A title without what the forum may change in it. */
function folded(title: string): string {
  return title.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
}
