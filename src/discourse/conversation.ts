import type { Desk } from '../core/desk.ts';
import { digestOf } from '../core/json.ts';
import type { Log } from '../core/ports.ts';
import { keyBurnt } from '../core/private-key.ts';
import { Unavailable } from '../core/refused.ts';
import type { PlaceStore } from '../core/store.ts';
import type { Announcer } from './announcer.ts';
import { createAsked } from './asked.ts';
import type { Forum } from './forum.ts';
import type { InboxGone, InboxPost } from './items.ts';
import type { Made, Memory, PostMemory } from './memory.ts';
import type { Messages } from './messages.ts';
import type { People } from './people.ts';
import { type PostText, readPost } from './post-text.ts';
import { replyPost } from './reply-post.ts';
import type { Tally } from './tally.ts';
import { createUnasked } from './unasked.ts';
import { editedReply } from './words.ts';
import type { Writer } from './writer.ts';

/** What is written in the forum, brought to the desk; what the desk says, brought back to the topic. */
export interface Conversation {
  /** Throws `Unavailable` where trying again later may mend it. Doing the same item twice does nothing twice. */
  handle(item: InboxPost | InboxGone): Promise<void>;
}

export function createConversation(deps: {
  readonly bot: string;
  readonly desk: Desk;
  readonly forum: Pick<Forum, 'topic'>;
  readonly people: People;
  readonly places: PlaceStore;
  readonly announcer: Announcer;
  readonly writer: Writer;
  readonly messages: Messages;
  readonly memory: Memory;
  readonly tally: Tally;
  readonly log: Log;
  readonly now: () => Date;
}): Conversation {
  const { bot, desk, people, announcer, writer, messages, memory, log } = deps;

  /** Showing may fail and is tried again by itself; what was said stands. */
  async function announced(request: string): Promise<void> {
    await announcer.announce(request).catch((error: unknown) => {
      log.warn('a request is not shown in the forum yet', { request, error: String(error) });
    });
  }

  const answerTo = createAsked({ ...deps, announced });
  const unasked = createUnasked(deps);

  async function heard(post: InboxPost): Promise<void> {
    // The forum's own accounts, and what it writes by itself.
    if (post.userId <= 0 || !post.isRegular) return;
    await people.saw(post);
    if (post.burnt) return burnt(post);
    const text = readPost(post.raw, bot);
    const asked = digestOf({ lines: text.lines, forms: text.forms });
    const before = await memory.post(post.id);
    if (!before) return begin(post, text, asked);
    if (post.version < before.version) return;
    if (before.asked === asked) return finish(post, before);
    if (before.requests.length > 0) return edited(post, before, asked);
    return begin(post, text, asked);
  }

  async function begin(post: InboxPost, text: PostText, asked: string): Promise<void> {
    const asks = text.lines.length + text.forms.length > 0;
    const made: Made | null = asks ? await answerTo(post, text, asked) : await unasked(post, text);
    if (made === null) return;
    const { requests, reply, explains } = made;
    const { version } = post;
    const kept: PostMemory = { asked, version, requests, reply, replied: 'no', toldOfEdit: false };
    // What is to be said first: whoever counts as told, and was not, would never be.
    await memory.keep(post.id, kept);
    if (explains) await memory.explained(post.topic, post.userId, explains);
    await finish(post, kept);
  }

  /** The post that asked was edited: what was asked stands, and the author is told so once. */
  async function edited(post: InboxPost, before: PostMemory, asked: string): Promise<void> {
    const cards = await Promise.all(before.requests.map((id) => desk.card(id)));
    const reply = before.toldOfEdit
      ? null
      : replyPost(editedReply(cards.filter((card) => card !== null)), bot);
    const kept: PostMemory = {
      ...before,
      asked,
      version: post.version,
      ...(reply === null ? {} : { reply, replied: 'no', toldOfEdit: true }),
    };
    await memory.keep(post.id, kept);
    await finish(post, kept);
  }

  /** Says what is to be said about a post, once, also after a crash or a lost answer. */
  async function finish(post: InboxPost, kept: PostMemory): Promise<void> {
    if (kept.reply === null || kept.replied === 'yes') return;
    const marker = `steward:post-${post.id}:${kept.asked.slice(0, 8)}`;
    await memory.keep(post.id, { ...kept, replied: 'begun' });
    const written = await writer.post({
      topic: post.topic,
      replyTo: post.number,
      raw: kept.reply,
      marker,
      urgency: 'answer',
      lookFirst: kept.replied === 'begun',
    });
    if (written.kind === 'unknown')
      throw new Unavailable('the forum', 'The forum did not say whether it took my answer.');
    if (written.kind !== 'ok') {
      log.warn('an answer cannot be posted in the forum', { topic: post.topic, outcome: written });
      await messages.send(post.userId, marker, 'Your post in the forum', kept.reply);
    }
    await memory.keep(post.id, { ...kept, replied: 'yes' });
  }

  async function burnt(post: InboxPost): Promise<void> {
    const { title, lines } = keyBurnt('the forum');
    const raw = replyPost({ tone: 'bad', title, lines }, bot);
    await messages.send(post.userId, `burnt:${post.id}`, 'A private key in your post', raw);
  }

  /** What asked for it is gone: nobody need decide on it any more. What runs goes on. */
  async function gone(post: number): Promise<void> {
    const before = await memory.post(post);
    for (const request of before?.requests ?? []) {
      if (await desk.withdraw(request, 'the post that asked for it was deleted')) await announced(request);
    }
  }

  return {
    handle: (item) => (item.kind === 'gone' ? gone(item.post) : heard(item)),
  };
}
