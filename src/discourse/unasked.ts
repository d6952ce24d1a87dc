import type { Desk } from '../core/desk.ts';
import { PEM_EXACT } from '../core/pem.ts';
import { Unavailable } from '../core/refused.ts';
import type { PlaceStore } from '../core/store.ts';
import type { Forum } from './forum.ts';
import type { InboxPost } from './items.ts';
import type { Made, Memory } from './memory.ts';
import { linesFor } from './pasted-alone.ts';
import type { People } from './people.ts';
import type { PostText } from './post-text.ts';
import { recognisedPost, replyPost } from './reply-post.ts';
import type { Tally } from './tally.ts';
import { weightOf } from './weight.ts';
import { againReply, helpReply, nearlyReply, pastedAloneReply } from './words.ts';

/** Words that are no command: what is to be said to them, once, or null. Never acts on a guess. */
export type Unasked = (post: InboxPost, text: PostText) => Promise<Made | null>;

export function createUnasked(deps: {
  readonly bot: string;
  readonly desk: Desk;
  readonly forum: Pick<Forum, 'topic'>;
  readonly people: People;
  readonly places: PlaceStore;
  readonly memory: Memory;
  readonly tally: Tally;
}): Unasked {
  const { bot, desk, forum, people, places, memory, tally } = deps;

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

  return unasked;
}
