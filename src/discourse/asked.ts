import type { Reply } from '../core/card.ts';
import type { Desk, Said } from '../core/desk.ts';
import type { Person, Place } from '../core/person.ts';
import type { Log } from '../core/ports.ts';
import { Unavailable } from '../core/refused.ts';
import type { PlaceStore } from '../core/store.ts';
import type { InboxPost } from './items.ts';
import type { Made, Memory } from './memory.ts';
import { type Messages, WANTED } from './messages.ts';
import type { Known, People } from './people.ts';
import type { PostText } from './post-text.ts';
import { formPost, joinPosts, replyPost } from './reply-post.ts';
import type { Tally } from './tally.ts';
import { withoutThanks } from './thanks.ts';
import { weightOf } from './weight.ts';
import { forgedReply, notSentReply, oldReply, quotedReply, tooManyReply, unlistedLine } from './words.ts';

/** The author's own edits of the first moments do not count as such, but then somebody may have read something else. */
const UNTOUCHED_MS = 60_000;
/** A decision is about what stands now; one that was read so late may be about something else. */
const OLD_MS = 60 * 60_000;

/** What comes of a post that asks for something: its requests, and what is to be said. Null: nothing at all. */
export type Asked = (post: InboxPost, text: PostText, asked: string) => Promise<Made | null>;

export function createAsked(deps: {
  readonly bot: string;
  readonly desk: Desk;
  readonly people: People;
  readonly places: PlaceStore;
  readonly messages: Messages;
  readonly memory: Memory;
  readonly tally: Tally;
  /** Shows a request; what goes wrong with that is mended elsewhere. */
  readonly announced: (request: string) => Promise<void>;
  readonly log: Log;
  readonly now: () => Date;
}): Asked {
  const { bot, desk, people, places, messages, memory, tally, announced, log, now } = deps;

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
        if (said.another && isHere) return standing(said);
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
  async function standing({ id, says }: Extract<Said, { kind: 'request' }>): Promise<string | null> {
    const card = await desk.card(id);
    const lines = [says ?? card?.line ?? ''];
    return card && replyPost({ tone: card.tone, title: `${card.id}: ${card.title}`, lines }, bot);
  }

  function withUnlisted(reply: Reply, who: Person): Reply {
    return !who.id.includes(':')
      ? reply
      : { ...reply, lines: [...reply.lines, unlistedLine(who.accounts.discourse ?? '')] };
  }

  return answerTo;
}

function isUntouched(post: InboxPost): boolean {
  const late = post.updatedAt.getTime() - post.createdAt.getTime() > UNTOUCHED_MS;
  return post.version === 1 && !post.viaEmail && !late;
}
