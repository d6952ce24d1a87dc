import { type Drawn, drawBlocks } from '../slack/drawing.ts';
import type { Channel, Ephemeral, Message, SharedFile } from '../slack/model.ts';
import { type Piece, readMrkdwn } from '../slack/mrkdwn.ts';
import { namesOf } from '../slack/names.ts';
import { BOT_USER } from '../slack/people.ts';
import type { SandboxSlack } from '../slack/slack.ts';
import type { Reading } from './reading.ts';

/** A message as the page draws it: everything is plain text by now. */
export interface Shown {
  readonly ts: string;
  readonly user: string;
  readonly pieces: readonly Piece[];
  readonly blocks: readonly Drawn[];
  readonly edited: boolean;
  readonly whisper: 'bot' | 'service' | null;
  /** It mentions the one who looks. */
  readonly forMe: boolean;
  readonly reactions: readonly { readonly name: string; readonly count: number }[];
  readonly files: readonly Pick<SharedFile, 'id' | 'name' | 'title' | 'size'>[];
  readonly replies: readonly Shown[];
}

/** What one person sees, in parts that change on their own. */
export type Screen = Readonly<Record<string, unknown>>;

const TOPS = 80;

/** Everything that this person's screen shows of the chat. */
export function screenOf(slack: SandboxSlack, user: string, reading: Reading): Screen {
  const names = namesOf(slack);
  // Asking for it makes the conversation, so that it can be opened from the start.
  slack.messages(`dm:${user}`);
  const mine = slack.channels.filter((channel) => channel.members.includes(user));
  const whispers = slack.ephemerals(user);
  const pings = (person: string, channel: string) =>
    slack
      .pings(person)
      .filter((ping) => ping.channel === channel && Number(ping.ts) > reading.of(person, channel)).length;

  const drawMessage = (message: Message, replies: readonly Shown[] = []): Shown => ({
    ts: message.ts,
    user: message.user,
    pieces: message.blocks.length > 0 ? [] : readMrkdwn(message.text, names),
    blocks: drawBlocks(message.blocks, names),
    edited: message.edited,
    whisper: null,
    forMe: slack
      .pings(user)
      .some((ping) => ping.ts === message.ts && ping.channel === message.channel && ping.why !== 'dm'),
    reactions: message.reactions.map((one) => ({ name: one.name, count: one.users.length })),
    files: (message.files ?? []).map(({ id, name, title, size }) => ({ id, name, title, size })),
    replies,
  });
  const drawWhisper = (whisper: Ephemeral): Shown => ({
    ts: whisper.ts,
    user: BOT_USER,
    pieces: whisper.blocks.length > 0 ? [] : readMrkdwn(whisper.text, names),
    blocks: drawBlocks(whisper.blocks, names),
    edited: false,
    whisper: whisper.from,
    forMe: false,
    reactions: [],
    files: [],
    replies: [],
  });
  const place = (channel: Channel): Shown[] => {
    const aside = whispers.filter((one) => one.channel === channel.id);
    const tops = slack
      .messages(channel.id)
      .slice(-TOPS)
      .map((top) => {
        const replies = slack.thread(channel.id, top.ts).filter((one) => one.ts !== top.ts);
        const under = [
          ...replies.map((one) => drawMessage(one)),
          ...aside.filter((one) => one.threadTs === top.ts).map(drawWhisper),
        ];
        return drawMessage(top, under.sort(byTs));
      });
    return [...tops, ...aside.filter((one) => one.threadTs === undefined).map(drawWhisper)].sort(byTs);
  };

  const top = slack.views(user).at(-1);
  const home = slack.home(user);
  return {
    people: slack.users
      .filter((one) => !one.isBot)
      .map((one) => ({
        id: one.id,
        name: one.name,
        realName: one.realName,
        title: one.title,
        waiting: slack.channels.reduce((sum, channel) => sum + pings(one.id, channel.id), 0),
      })),
    places: mine
      .map((channel) => ({
        id: channel.id,
        name: channel.name,
        kind: channel.kind,
        topic: channel.topic,
        shared: channel.isShared,
        hasBot: channel.members.includes(BOT_USER),
        members: channel.members.length,
        pings: pings(user, channel.id),
        unread: [...slack.messages(channel.id)].some(
          (one) => one.user !== user && Number(one.ts) > reading.of(user, channel.id),
        ),
      }))
      .sort((a, b) => (a.kind === b.kind ? 0 : a.kind === 'im' ? 1 : -1)),
    ...Object.fromEntries(mine.map((channel) => [`place ${channel.id}`, place(channel)])),
    modal:
      top === undefined
        ? null
        : {
            id: top.id,
            hash: top.hash,
            title: textOf(top.body.title),
            submit: textOf(top.body.submit),
            close: textOf(top.body.close) || 'Close',
            blocks: drawBlocks(top.blocks, names),
            errors: top.errors,
          },
    home: home === null ? null : { id: home.id, blocks: drawBlocks(home.blocks, names) },
  };
}

const byTs = (a: Shown, b: Shown) => Number(a.ts) - Number(b.ts);

function textOf(value: unknown): string {
  if (typeof value !== 'object' || value === null || !('text' in value)) return '';
  return typeof value.text === 'string' ? value.text : '';
}
