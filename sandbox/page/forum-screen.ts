import type { SandboxForum } from '../discourse/forum.ts';
import type { ForumPost, ForumTopic, ForumUser } from '../discourse/model.ts';
import { BOT_USER } from '../slack/people.ts';
import type { SandboxSlack } from '../slack/slack.ts';
import { piecesOf } from './forum-text.ts';
import type { Reading } from './reading.ts';
import type { Screen } from './screen.ts';

const TOPICS = 50;
const POSTS = 200;
const FACES = 4;
/** A topic that is older than this is news to nobody. */
const NEW_MS = 2 * 86_400_000;
/** The forum takes no shorter post. */
const SHORTEST = 20;
/** Who has it may approve. */
const ADMINS = 'koji-admins';

/** The forum account of somebody in the chat: the one with the same name. The bot's is nobody's. */
export function accountOf(slack: SandboxSlack, forum: SandboxForum, user: string): ForumUser | undefined {
  const name = slack.users.find((one) => one.id === user && !one.isBot)?.name;
  return forum.users.find((one) => one.username === name && one.id !== forum.bot.id);
}

/** Everything that this person's screen shows of the forum, in parts that change on their own. */
export function forumScreenOf(
  forum: SandboxForum,
  slack: SandboxSlack,
  user: string,
  reading: Reading,
): Screen {
  const account = accountOf(slack, forum, user);
  const shown = (topics: readonly ForumTopic[]) =>
    topics
      .filter((topic) => !topic.deleted && topic.visible)
      .sort((a, b) => Number(b.pinned) - Number(a.pinned) || b.bumpedAt - a.bumpedAt || b.id - a.id)
      .slice(0, TOPICS)
      .map((topic) => ({ topic, posts: forum.posts(topic.id).filter((post) => !post.deleted) }));
  const topics = shown(forum.topics(forum.category.id));
  const messages = account === undefined ? [] : shown(forum.messages(account.username));

  const line = ({ topic, posts }: Shown) => {
    const said = posts.filter((post) => post.action === null);
    const last = said.at(-1);
    // Words of one's own say that one has read what stands before them.
    const own = said.filter((post) => post.userId === account?.id).at(-1)?.postNumber ?? 0;
    const mark = Math.max(own, reading.of(user, `topic ${topic.id}`));
    const unread = said.filter((post) => post.postNumber > mark).length;
    return {
      id: topic.id,
      title: topic.title,
      by: topic.userId,
      faces: facesOf(topic, said),
      replies: Math.max(0, said.length - 1),
      at: topic.bumpedAt,
      lastBy: last?.userId ?? topic.userId,
      pinned: topic.pinned,
      ...stateOf(topic),
      isNew: mark === 0 && Date.now() - topic.createdAt < NEW_MS,
      unread: mark === 0 ? 0 : unread,
      isRead: mark >= (said.at(-1)?.postNumber ?? 0),
    };
  };
  const whole = ({ topic, posts }: Shown) => ({
    id: topic.id,
    title: topic.title,
    isMessage: topic.category === null,
    with: topic.users.filter((id) => id !== account?.id),
    groups: topic.groups,
    ...stateOf(topic),
    mayReply: account !== undefined && (isStaff(account) || !(topic.closed || topic.archived)),
    earlier: Math.max(0, posts.length - POSTS),
    offers: account === undefined || topic.category === null ? [] : offersFor(forum, account, posts),
    posts: posts.slice(-POSTS).map((post) => drawPost(post, topic, account, posts.length)),
  });

  return {
    forum: {
      account: account?.id ?? null,
      bot: forum.bot.username,
      category: forum.category.name,
      users: forum.users.map((one) => faceOf(one, forum, slack)),
      groups: forum.groups.filter((group) => group.public).map((group) => group.name),
    },
    'forum topics': topics.map(line),
    'forum messages': messages.map(line),
    ...Object.fromEntries([...topics, ...messages].map((one) => [`topic ${one.topic.id}`, whole(one)])),
  };
}

interface Shown {
  readonly topic: ForumTopic;
  readonly posts: readonly ForumPost[];
}

const isStaff = (user: ForumUser) => user.admin || user.moderator;

const stateOf = ({ closed, archived, slowModeSeconds }: ForumTopic) => ({
  closed,
  archived,
  slowModeSeconds,
});

/** Who opened it first, who spoke last at the end. */
function facesOf(topic: ForumTopic, said: readonly ForumPost[]): number[] {
  const others = [...new Set(said.map((post) => post.userId).reverse())].filter((id) => id !== topic.userId);
  return [topic.userId, ...others.slice(0, FACES - 1).reverse()];
}

/** A member as the page draws them; whoever is in the chat too has the same picture. */
function faceOf(user: ForumUser, forum: SandboxForum, slack: SandboxSlack) {
  const isBot = user.id === forum.bot.id;
  const same = slack.users.find((one) => !one.isBot && one.name === user.username)?.id;
  const role = user.admin ? 'admin' : user.moderator ? 'moderator' : null;
  return {
    id: user.id,
    username: user.username,
    name: user.name,
    face: isBot ? BOT_USER : (same ?? user.username),
    role: isBot ? 'bot' : (role ?? (user.groups.includes(ADMINS) ? ADMINS : null)),
  };
}

function drawPost(post: ForumPost, topic: ForumTopic, account: ForumUser | undefined, count: number) {
  const isMine = account !== undefined && post.userId === account.id && !post.userDeleted;
  const mayEdit = isMine && !topic.archived;
  return {
    id: post.id,
    number: post.postNumber,
    by: post.userId,
    at: post.createdAt,
    version: post.version,
    editedAt: post.updatedAt,
    pieces: piecesOf(post.raw),
    // Only its author edits it here.
    raw: mayEdit ? post.raw : null,
    // The first post takes its topic with it, so it stays once somebody has answered.
    mayDelete: mayEdit && (post.postNumber > 1 || count === 1),
    isDeleted: post.userDeleted,
    viaEmail: post.viaEmail,
    replyTo: post.replyTo,
    action: post.action,
  };
}

/** Lines for one click: what this person may say next in this topic. */
function offersFor(
  forum: SandboxForum,
  account: ForumUser,
  posts: readonly ForumPost[],
): { readonly line: string; readonly raw: string }[] {
  const fromBot = posts.filter((post) => post.userId === forum.bot.id).map((post) => post.raw);
  const said = fromBot.join('\n');
  const request = [...said.matchAll(/\br\d+\b/g)].at(-1)?.[0];
  const mayApprove = account.groups.includes(ADMINS) && said.includes(`approve ${request}`);
  const lines = [
    ...(request !== undefined && mayApprove ? [`approve ${request}`] : []),
    ...(request === undefined ? [] : [`show ${request}`]),
    'builder capacity builder2 8',
    'help',
  ];
  return lines.map((one) => {
    const line = `@${forum.bot.username} ${one}`;
    return { line, raw: line.length < SHORTEST ? `${line}\n\nThank you!` : line };
  });
}
