import { ApiError } from './api-error.ts';
import { checkMessageBlocks } from './blocks.ts';
import { LIMITS } from './limits.ts';
import { pingsFor } from './mentions.ts';
import type { Block, Ephemeral, Fields, Message, SharedFile } from './model.ts';
import type { State } from './state.ts';

/** What a message says: its text, and its blocks already checked. */
export interface Content {
  readonly text: string;
  readonly blocks: readonly Block[];
}

/** Throws the errors of the Web API. `most`: characters that the text may have, `cut` for a longer one. */
export function contentOf(
  text: string | undefined,
  blocks: readonly unknown[] | undefined,
  most: number,
  tooLong: 'cut' | 'refuse',
): Content {
  if ((text ?? '').trim() === '' && (blocks ?? []).length === 0) throw new ApiError('no_text');
  if ((text ?? '').length > most && tooLong === 'refuse') throw new ApiError('msg_too_long');
  const checked = checkMessageBlocks(blocks ?? []);
  if (!checked.ok)
    throw new ApiError(checked.error, {
      errors: checked.messages,
      response_metadata: { messages: checked.messages.map((message) => `[ERROR] ${message}`) },
    });
  return { text: (text ?? '').slice(0, most), blocks: checked.blocks };
}

/** Adds a new message and tells those whom it mentions. */
export function post(
  state: State,
  what: Content & {
    readonly channel: string;
    readonly user: string;
    readonly threadTs?: string | undefined;
    readonly metadata?: Fields | undefined;
    readonly files?: readonly SharedFile[];
  },
): Message {
  const parent = what.threadTs === undefined ? undefined : state.message(what.channel, what.threadTs);
  const message: Message = {
    channel: what.channel,
    ts: state.nextTs(),
    user: what.user,
    text: what.text,
    blocks: what.blocks,
    // A reply to a reply lands in the thread of the first message.
    threadTs: parent === undefined ? undefined : (parent.threadTs ?? parent.ts),
    metadata: what.metadata,
    ...(what.files ? { files: what.files } : {}),
    edited: false,
    revision: 0,
    reactions: [],
  };
  state.messages.push(message);
  state.pings.push(...pingsFor(state, message));
  state.changed();
  return message;
}

/** Puts an edited message in the place of the old one. Nobody is told. */
export function replace(state: State, message: Message): void {
  state.messages = state.messages.map((old) =>
    old.channel === message.channel && old.ts === message.ts
      ? { ...message, revision: old.revision + 1 }
      : old,
  );
  state.changed();
}

export function remove(state: State, message: Message): void {
  state.messages = state.messages.filter((old) => old.channel !== message.channel || old.ts !== message.ts);
  state.changed();
}

/** Whispers that are remembered. */
const WHISPERS = 5000;

/** Shows something to one person. */
export function whisper(state: State, what: Omit<Ephemeral, 'ts'>): Ephemeral {
  const ephemeral: Ephemeral = { ...what, ts: state.nextTs() };
  state.ephemerals.push(ephemeral);
  if (state.ephemerals.length > WHISPERS) state.ephemerals = state.ephemerals.slice(-WHISPERS / 2);
  state.changed();
  return ephemeral;
}

/** The body of a message as the Web API and payloads give it. */
export function wire(state: State, message: Message, withMetadata = false): Fields {
  const replies = state.messages.filter(
    (other) => other.channel === message.channel && other.threadTs === message.ts,
  );
  const fromBot = state.user(message.user)?.isBot === true;
  return {
    type: 'message',
    ts: message.ts,
    user: message.user,
    text: message.text,
    team: state.user(message.user)?.team ?? state.team,
    ...(fromBot && { bot_id: 'B0STEWARD', app_id: 'A0STEWARD' }),
    ...(message.blocks.length > 0 && { blocks: message.blocks }),
    ...(message.files && { files: message.files }),
    ...(message.threadTs !== undefined && { thread_ts: message.threadTs }),
    ...(replies.length > 0 && {
      thread_ts: message.ts,
      reply_count: replies.length,
      reply_users: [...new Set(replies.map((reply) => reply.user))],
      latest_reply: replies.at(-1)?.ts,
    }),
    ...(message.edited && { edited: { user: message.user, ts: message.ts } }),
    ...(message.reactions.length > 0 && {
      reactions: message.reactions.map((reaction) => ({ ...reaction, count: reaction.users.length })),
    }),
    ...(withMetadata && message.metadata !== undefined && { metadata: message.metadata }),
  };
}

/** Longest text that a new message keeps. */
export const NEW_TEXT = LIMITS.messageText;
