import { ApiError } from './api-error.ts';
import { blocksOf, json, optional, required } from './args.ts';
import { LIMITS, POST_PER_CHANNEL, POST_PER_WORKSPACE, TIER_3, TIER_4, TIER_SPECIAL } from './limits.ts';
import { contentOf, NEW_TEXT, post, remove, replace, whisper, wire } from './messages.ts';
import { type Methods, method, type World } from './methods.ts';
import type { Channel, Fields, Message } from './model.ts';
import { BOT_USER } from './people.ts';

const WRITE = ['chat:write'];

export const chatMethods: Methods = {
  'chat.postMessage': {
    token: 'bot',
    scopes: WRITE,
    rates: (args) => [
      [`channel ${String(args.channel)}`, POST_PER_CHANNEL],
      ['', POST_PER_WORKSPACE],
    ],
    run(args, world) {
      const channel = writable(args, world);
      const threadTs = optional(args, 'thread_ts');
      const message = post(world.state, {
        ...contentOf(optional(args, 'text'), blocksOf(args), NEW_TEXT, 'cut'),
        channel: channel.id,
        user: BOT_USER,
        threadTs,
        metadata: metadataOf(args),
      });
      return { channel: channel.id, ts: message.ts, message: wire(world.state, message, true) };
    },
  },
  'chat.update': method(TIER_3, WRITE, (args, world) => {
    const old = own(args, world, 'cant_update_message');
    const text = optional(args, 'text');
    const blocks = blocksOf(args);
    // Text without blocks removes the blocks; blocks without text keep the text.
    const content = contentOf(
      text ?? (blocks === undefined ? undefined : old.text),
      blocks ?? (text === undefined ? old.blocks : undefined),
      LIMITS.updateText,
      'refuse',
    );
    const metadata = metadataOf(args);
    replace(world.state, {
      ...old,
      ...content,
      edited: old.edited || blocks === undefined,
      metadata:
        metadata === undefined ? old.metadata : Object.keys(metadata).length === 0 ? undefined : metadata,
    });
    const now = world.state.message(old.channel, old.ts) ?? old;
    return { channel: old.channel, ts: old.ts, text: content.text, message: wire(world.state, now, true) };
  }),
  'chat.delete': method(TIER_3, WRITE, (args, world) => {
    const old = own(args, world, 'cant_delete_message');
    remove(world.state, old);
    return { channel: old.channel, ts: old.ts };
  }),
  'chat.postEphemeral': method(TIER_4, WRITE, (args, world) => {
    const channel = writable(args, world);
    const user = required(args, 'user');
    if (!channel.members.includes(user)) throw new ApiError('user_not_in_channel');
    const ephemeral = whisper(world.state, {
      ...contentOf(optional(args, 'text'), blocksOf(args), NEW_TEXT, 'refuse'),
      channel: channel.id,
      to: user,
      threadTs: optional(args, 'thread_ts'),
      from: 'bot',
    });
    return { message_ts: ephemeral.ts };
  }),
  'chat.getPermalink': method(TIER_SPECIAL, [], (args, world) => {
    const channel = world.state.channel(required(args, 'channel', 'channel_not_found'));
    if (channel === undefined) throw new ApiError('channel_not_found');
    const message = world.state.message(channel.id, required(args, 'message_ts', 'message_not_found'));
    if (message === undefined) throw new ApiError('message_not_found');
    const thread = message.threadTs === undefined ? '' : `?thread_ts=${message.threadTs}&cid=${channel.id}`;
    return {
      channel: channel.id,
      permalink: `${world.baseUrl()}archives/${channel.id}/p${message.ts.replace('.', '')}${thread}`,
    };
  }),
};

/** The channel to write to: an id, `#name`, or a person for a direct message. */
function writable(args: Fields, { state }: World): Channel {
  const given = required(args, 'channel', 'channel_not_found');
  const person = state.user(given);
  if (person?.isBot === false && !person.deleted) return state.directMessage(person.id);
  const channel = state.channel(given) ?? state.channels.find((one) => `#${one.name}` === given);
  if (channel === undefined) throw new ApiError('channel_not_found');
  if (!channel.members.includes(BOT_USER)) throw new ApiError('not_in_channel');
  return channel;
}

function own(args: Fields, { state }: World, notMine: string): Message {
  const channel = state.channel(required(args, 'channel', 'channel_not_found'));
  if (channel === undefined) throw new ApiError('channel_not_found');
  const message = state.message(channel.id, required(args, 'ts', 'message_not_found'));
  if (message === undefined) throw new ApiError('message_not_found');
  if (message.user !== BOT_USER) throw new ApiError(notMine);
  return message;
}

function metadataOf(args: Fields): Fields | undefined {
  const value = json(args, 'metadata', 'invalid_metadata_format');
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ApiError('invalid_metadata_format');
  return { ...value };
}
