import { z } from 'zod';
import type { SandboxForum } from '../discourse/forum.ts';
import type { SandboxSlack } from '../slack/slack.ts';
import { carryOutInForum, forumOrders } from './forum-orders.ts';
import type { Reading } from './reading.ts';

const what = z.discriminatedUnion('what', [
  z.object({
    what: z.literal('say'),
    channel: z.string(),
    text: z.string().min(1).max(40_000),
    thread: z.string().optional(),
  }),
  z.object({
    what: z.literal('press'),
    channel: z.string(),
    ts: z.string(),
    button: z.string(),
    pick: z.string().optional(),
  }),
  z.object({
    what: z.literal('press-view'),
    view: z.string(),
    button: z.string(),
    pick: z.string().optional(),
  }),
  z.object({
    what: z.literal('submit'),
    view: z.string(),
    values: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
  }),
  z.object({ what: z.literal('close'), view: z.string() }),
  z.object({ what: z.literal('home') }),
  z.object({ what: z.literal('read'), channel: z.string(), ts: z.string() }),
  z.object({ what: z.literal('read-topic'), topic: z.number(), number: z.number() }),
  ...forumOrders,
]);

/** What somebody at the page may want done, and as whom. */
export const orderShape = z.intersection(z.object({ as: z.string() }), what);

/** Where orders are carried out. */
export interface Places {
  readonly slack: SandboxSlack;
  readonly forum: SandboxForum | undefined;
  readonly reading: Reading;
}

/** Does it as the one who asks. Throws with the words for them when the chat or the forum says no. */
export async function carryOut(asked: z.output<typeof orderShape>, places: Places): Promise<unknown> {
  const { slack, forum, reading } = places;
  const person = slack.as(asked.as);
  switch (asked.what) {
    case 'say':
      if (asked.text.startsWith('/') && asked.thread !== undefined)
        throw new Error('slash commands do not work in threads');
      if (asked.text.startsWith('/')) await person.slash(asked.text, asked.channel);
      else await person.say(asked.text, asked.channel, asked.thread);
      return { ok: true };
    case 'press':
      return { ok: (await person.press(asked.channel, asked.ts, asked.button, asked.pick)).kind === 'ok' };
    case 'press-view':
      return { ok: (await person.pressInView(asked.view, asked.button, asked.pick)).kind === 'ok' };
    case 'submit':
      return person.submit(asked.view, asked.values);
    case 'close':
      await person.closeView(asked.view);
      return { ok: true };
    case 'home':
      return { ok: (await person.openHome()).kind === 'ok' };
    case 'read':
      reading.mark(asked.as, asked.channel, Number(asked.ts));
      return { ok: true };
    case 'read-topic':
      reading.mark(asked.as, `topic ${asked.topic}`, asked.number);
      return { ok: true };
    default:
      return carryOutInForum(asked, slack, forum);
  }
}
