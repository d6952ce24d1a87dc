import type { Reply } from '../core/card.ts';
import type { Desk, Said } from '../core/desk.ts';
import { digestOf } from '../core/json.ts';
import { PEM_EXACT } from '../core/pem.ts';
import type { Person, Place } from '../core/person.ts';
import type { Log } from '../core/ports.ts';
import { keyBurnt } from '../core/private-key.ts';
import { Unavailable } from '../core/refused.ts';
import type { PlaceStore } from '../core/store.ts';
import type { Announcer } from './announcer.ts';
import type { Forum } from './forum.ts';
import type { InboxGone, InboxPost } from './items.ts';
import type { Memory, PostMemory } from './memory.ts';
import { type Messages, WANTED } from './messages.ts';
import { linesFor } from './pasted-alone.ts';
import type { Known, People } from './people.ts';
import { type PostText, readPost } from './post-text.ts';
import { formPost, joinPosts, recognisedPost, replyPost } from './reply-post.ts';
import type { Tally } from './tally.ts';
import { withoutThanks } from './thanks.ts';
import { weightOf } from './weight.ts';
import {
  againReply,
  editedReply,
  forgedReply,
  helpReply,
  nearlyReply,
  notSentReply,
  oldReply,
  pastedAloneReply,
  quotedReply,
  tooManyReply,
  unlistedLine,
} from './words.ts';
import type { Writer } from './writer.ts';

/** What is written in the forum, brought to the desk; what the desk says, brought back to the topic. */
export interface Conversation {
  /** Throws `Unavailable` where trying again later may mend it. Doing the same item twice does nothing twice. */
  handle(item: InboxPost | InboxGone): Promise<void>;
}

/** The author's own edits of the first moments do not count as such, but then somebody may have read something else. */
const UNTOUCHED_MS = 60_000;
/** A decision is about what stands now; one that was read so late may be about something else. */
const OLD_MS = 60 * 60_000;

/** What comes of a post. `explains`: how often its author has been told by then how to ask. */
type Made = Pick<PostMemory, 'requests' | 'reply'> & { readonly explains?: number };

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
  const { bot, desk, forum, people, places, announcer, writer, messages, memory, tally, log, now } = deps;

  /** Showing may fail and is tried again by itself; what was said stands. */
  async function announced(request: string): Promise<void> {
    await announcer.announce(request).catch((error: unknown) => {
      log.warn('a request is not shown in the forum yet', { request, error: String(error) });
    });
  }

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

  /** What comes of a post that asks for something: its requests, and what is to be said. */
  async function answerTo(post: InboxPost, text: PostText, asked: string): Promise<Made | null> {
    const listed = people.isListed(post.userId);
    const counted = listed ? 'within' : tally.take(post.userId, text.lines.length + text.forms.length);
    if (counted !== 'within') {
      log.warn('somebody in the forum asks too much at once', { user: post.userId, topic: post.topic });
      return counted === 'over' ? null : { requests: [], reply: replyPost(tooManyReply(), bot) };
    }
    const believed = isUntouched(post);
    const known = await whoAsks(post, text, believed);
    if (known.kind === 'unclear') throw new Unavailable('the forum', known.says);
    if (known.kind === 'refused') {
      const refusal: Reply = { tone: 'bad', title: known.says, lines: [known.next] };
      return { requests: [], reply: replyPost(refusal, bot) };
    }
    const who = known.person;
    const requests: string[] = [];
    const replies: string[] = [];
    const there = await places.find('discourse', String(post.topic));
    const here = there.length === 1 ? there[0] : undefined;
    // What an earlier try at this very post made is found by its origin, and is no request of others.
    const sources = await Promise.all(there.map((id) => memory.sourceOf(id)));
    const others = there.filter((_, at) => sources[at]?.post !== post.id);
    const place: Place = { kind: 'discourse', where: String(post.topic), purpose: 'origin' };
    const hear = async (said: Said | null): Promise<void> => {
      if (said?.kind === 'request' && !said.another) requests.push(said.id);
      const reply = said === null ? null : await bring(said, post, who);
      if (reply !== null) replies.push(reply);
    };
    let n = 0;
    const next = () => ({ who, place, origin: `discourse:${post.id}:${asked.slice(0, 16)}:${n++}` });
    for (const line of text.lines) {
      const at = { ...next(), among: [...others, ...requests], ...(here ? { here } : {}) };
      const why = notTaken(post, text, line, believed);
      if (why) replies.push(replyPost(why, bot));
      else await hear(await desk.say({ ...at, text: withoutThanks(line) }));
    }
    for (const form of text.forms) {
      const at = { ...next(), among: [...others, ...requests] };
      if (believed) await hear(await desk.fill({ ...at, text: form }));
      else replies.push(replyPost(forgedReply(post.viaEmail, null), bot));
    }
    if (text.tooMany) replies.push(replyPost(tooManyReply(), bot));
    return { requests, reply: joinPosts(replies) };
  }

  /** Why a line of this post is not taken; null: it is. */
  function notTaken(post: InboxPost, text: PostText, line: string, believed: boolean): Reply | null {
    const weight = weightOf(line);
    if (weight === 'light') return null;
    if (!believed) return forgedReply(post.viaEmail, line);
    if (weight === 'asking') return null;
    if (text.leftOut) return quotedReply(line);
    return now().getTime() - post.createdAt.getTime() > OLD_MS ? oldReply(line) : null;
  }

  /** Their groups are asked for only where it matters: each look costs a call, of few. */
  async function whoAsks(post: InboxPost, text: PostText, believed: boolean): Promise<Known> {
    const plainly = await people.who(post, false);
    if (plainly.kind !== 'person' || !believed) return plainly;
    const open = desk.menu(plainly.person).map((one) => one.name);
    const asks = [...text.lines, ...text.forms.map((form) => form.replace(/^\s*ask\s*[:=]\s*/iu, ''))];
    const isOpen = (line: string): boolean =>
      weightOf(line) === 'light' ||
      open.some((name) => line.toLowerCase().startsWith(`${name} `) || line.toLowerCase() === name);
    return asks.every((line) => isOpen(line.trim())) ? plainly : people.who(post, true);
  }

  /** Does what the desk's answer calls for; gives what is to be said in the topic, or null. */
  async function bring(said: Said, post: InboxPost, who: Person): Promise<string | null> {
    const topic = String(post.topic);
    switch (said.kind) {
      case 'request': {
        if (!said.another) await memory.cameFrom(said.id, { topic: post.topic, post: post.id });
        const isHere = (await places.of(said.id)).some(
          (one) => one.kind === 'discourse' && one.where === topic,
        );
        if (said.another && isHere) return standing(said.id);
        await places.add(said.id, {
          kind: 'discourse',
          where: topic,
          purpose: said.another ? 'approvers' : 'origin',
        });
        await announced(said.id);
        return null;
      }
      case 'decided':
        // What was decided shows at the request itself; what was not, has to be said.
        await announced(said.id);
        if (said.reply.tone === 'good') return null;
        return replyPost(said.reply.tone === 'bad' ? withUnlisted(said.reply, who) : said.reply, bot);
      case 'form':
        return formPost(said.form, bot);
      case 'reply': {
        if (!said.secret) return replyPost(said.reply, bot);
        const sent = await messages.send(
          post.userId,
          `${WANTED}${post.id}`,
          said.reply.title,
          replyPost(said.reply, bot),
        );
        return replyPost(notSentReply(sent), bot);
      }
    }
  }

  /** For somebody who asks for what stands in this very topic. */
  async function standing(request: string): Promise<string | null> {
    const card = await desk.card(request);
    return (
      card && replyPost({ tone: card.tone, title: `${card.id}: ${card.title}`, lines: [card.line] }, bot)
    );
  }

  function withUnlisted(reply: Reply, who: Person): Reply {
    return !who.id.includes(':')
      ? reply
      : { ...reply, lines: [...reply.lines, unlistedLine(who.accounts.discourse ?? '')] };
  }

  /** Words that are no command: says once what they seem to ask for, and how to ask for it. Never acts on a guess. */
  async function unasked(post: InboxPost, text: PostText): Promise<Made | null> {
    const meant = await nearlySaid(post, text);
    if (meant !== null) return { requests: [], reply: replyPost(nearlyReply(meant), bot) };
    if ((await places.find('discourse', String(post.topic))).length > 0) return pastedAlone(post);
    const before = await memory.explainedTo(post.topic);
    // Who was told how to ask answers in their own words: told once more, and then left alone.
    const answers = before?.user === post.userId && before.times === 1;
    if (answers) return { requests: [], reply: replyPost(againReply(), bot), explains: 2 };
    if (before !== null || (post.number !== 1 && !text.mentioned)) return null;
    const known = await people.who(post, false);
    if (known.kind === 'unclear') throw new Unavailable('the forum', known.says);
    if (known.kind === 'refused') return null;
    const title = post.number === 1 ? (post.title ?? (await titleOf(post.topic))) : '';
    const seems = desk.recognise(known.person, `${title}\n${text.rest}`);
    if (seems.length === 0 && !text.mentioned) return null;
    const reply = seems.length > 0 ? recognisedPost(seems, bot) : replyPost(helpReply(), bot);
    return { requests: [], reply, explains: 1 };
  }

  /** In a topic in which we are at work: what was asked for is there, and the line to us was forgotten. */
  async function pastedAlone(post: InboxPost): Promise<Made | null> {
    if (!PEM_EXACT.test(post.raw)) return null;
    const known = await people.who(post, false);
    if (known.kind !== 'person') return null;
    const lines = linesFor(post.raw, known.person, desk);
    if (lines.length === 0 || tally.take(post.userId, 1) !== 'within') return null;
    return { requests: [], reply: replyPost(pastedAloneReply(lines), bot) };
  }

  /** Somebody may believe that they have said something to us, and wait for what comes of it. */
  async function nearlySaid(post: InboxPost, { nearly }: PostText): Promise<string | null> {
    if (nearly === null) return null;
    const known = await people.who(post, false);
    if (known.kind !== 'person') return null;
    const asks = desk.menu(known.person).some(({ name }) => nearly.toLowerCase().startsWith(name));
    if (!asks && weightOf(nearly) !== 'decision') return null;
    return people.isListed(post.userId) || tally.take(post.userId, 1) === 'within' ? nearly : null;
  }

  async function titleOf(topic: number): Promise<string> {
    const found = await forum.topic(topic, 'answer');
    if (found.kind === 'away') throw new Unavailable('the forum', found.says);
    return found.kind === 'ok' ? found.value.title : '';
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

function isUntouched(post: InboxPost): boolean {
  const late = post.updatedAt.getTime() - post.createdAt.getTime() > UNTOUCHED_MS;
  return post.version === 1 && !post.viaEmail && !late;
}
