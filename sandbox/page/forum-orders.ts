import { z } from 'zod';
import type { SandboxForum } from '../discourse/forum.ts';
import type { SandboxSlack } from '../slack/slack.ts';
import { accountOf } from './forum-screen.ts';

const raw = z.string().min(1).max(40_000);

/** What somebody at the page may want done in the forum. */
export const forumOrders = [
  z.object({ what: z.literal('open-topic'), title: z.string().min(1).max(1_000), raw }),
  z.object({ what: z.literal('post'), topic: z.number(), raw }),
  z.object({ what: z.literal('edit-post'), post: z.number(), raw }),
  z.object({ what: z.literal('delete-post'), post: z.number() }),
] as const;
type ForumOrder = z.output<(typeof forumOrders)[number]>;

/** Does it with the forum account of the one who asks. Throws with the words for them when the forum says no. */
export async function carryOutInForum(
  asked: ForumOrder & { readonly as: string },
  slack: SandboxSlack,
  forum: SandboxForum | undefined,
): Promise<unknown> {
  if (forum === undefined) throw new Error('There is no forum on this page.');
  const account = accountOf(slack, forum, asked.as);
  if (account === undefined)
    throw new Error('You have no account in the forum, so you may only read there. Choose somebody who has.');
  const member = forum.as(account.username);
  switch (asked.what) {
    case 'open-topic':
      return { ok: true, topic: (await member.topic(asked.title, asked.raw)).topic };
    case 'post':
      await member.reply(asked.topic, asked.raw);
      return { ok: true };
    case 'edit-post':
      await member.edit(asked.post, asked.raw);
      return { ok: true };
    case 'delete-post':
      await member.deletePost(asked.post);
      return { ok: true };
  }
}
