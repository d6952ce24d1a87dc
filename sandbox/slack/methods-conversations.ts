import { ApiError } from './api-error.ts';
import { flag, optional, page, required } from './args.ts';
import { TIER_2, TIER_3, TIER_4 } from './limits.ts';
import { wire } from './messages.ts';
import { type Methods, method, type World } from './methods.ts';
import type { Channel, Fields, Message } from './model.ts';
import { BOT_USER } from './people.ts';

/** The scope depends on what kind of conversation is named. */
const byKind = (right: 'read' | 'history') => (args: Fields) =>
  String(args.channel ?? '').startsWith('D') ? [`im:${right}`] : [`channels:${right}`];

export const conversationMethods: Methods = {
  'conversations.info': method(TIER_3, byKind('read'), (args, world) => ({
    channel: wireChannel(find(args, world)),
  })),
  'conversations.list': method(TIER_2, ['channels:read'], (args, world) => {
    const { items, response_metadata } = page(
      args,
      world.state.channels.filter((one) => one.kind === 'channel'),
      1000,
    );
    return { channels: items.map(wireChannel), response_metadata };
  }),
  'conversations.open': method(TIER_3, ['im:write'], (args, { state }) => {
    const users = required(args, 'users', 'users_list_not_supplied').split(',');
    if (users.length > 1) throw new ApiError('method_not_supported_for_channel_type');
    const person = state.user(users[0] ?? '');
    if (person === undefined || person.isBot) throw new ApiError('user_not_found');
    if (person.deleted) throw new ApiError('user_disabled');
    const channel = state.directMessage(person.id);
    return { channel: flag(args, 'return_im') ? wireChannel(channel) : { id: channel.id } };
  }),
  'conversations.members': method(TIER_4, byKind('read'), (args, world) => {
    const { items, response_metadata } = page(args, find(args, world).members, 1000);
    return { members: items, response_metadata };
  }),
  'conversations.history': method(TIER_3, byKind('history'), (args, world) => {
    const channel = readable(args, world);
    const top = world.state.messages.filter(
      (one) => one.channel === channel.id && one.threadTs === undefined,
    );
    return wireList(args, world, within(args, top).reverse());
  }),
  'conversations.replies': method(TIER_3, byKind('history'), (args, world) => {
    const channel = readable(args, world);
    const named = world.state.message(channel.id, required(args, 'ts', 'thread_not_found'));
    if (named === undefined) throw new ApiError('thread_not_found');
    const first = named.threadTs ?? named.ts;
    const replies = world.state.messages.filter(
      (one) => one.channel === channel.id && one.threadTs === first,
    );
    const parent = world.state.message(channel.id, first);
    return wireList(args, world, [...(parent === undefined ? [] : [parent]), ...within(args, replies)]);
  }),
  'conversations.join': method(TIER_3, ['channels:join'], (args, world) => {
    const channel = find(args, world);
    if (channel.kind === 'im') throw new ApiError('method_not_supported_for_channel_type');
    if (!channel.members.includes(BOT_USER)) channel.members = [...channel.members, BOT_USER];
    world.state.changed();
    return { channel: wireChannel(channel) };
  }),
};

function find(args: Fields, { state }: World): Channel {
  const channel = state.channel(required(args, 'channel', 'channel_not_found'));
  if (channel === undefined) throw new ApiError('channel_not_found');
  return channel;
}

function readable(args: Fields, world: World): Channel {
  const channel = find(args, world);
  if (!channel.members.includes(BOT_USER)) throw new ApiError('not_in_channel');
  return channel;
}

function within(args: Fields, messages: readonly Message[]): Message[] {
  const oldest = Number(optional(args, 'oldest') ?? 0);
  const latest = Number(optional(args, 'latest') ?? Number.POSITIVE_INFINITY);
  const inclusive = flag(args, 'inclusive');
  return messages.filter(({ ts }) => {
    const at = Number(ts);
    return (at > oldest && at < latest) || (inclusive && (at === oldest || at === latest));
  });
}

function wireList(args: Fields, world: World, messages: readonly Message[]): Fields {
  const { items, response_metadata } = page(args, messages, 1000);
  return {
    messages: items.map((message) => wire(world.state, message, flag(args, 'include_all_metadata'))),
    has_more: response_metadata.next_cursor !== '',
    response_metadata,
  };
}

function wireChannel(channel: Channel): Fields {
  const im = channel.kind === 'im';
  return {
    id: channel.id,
    ...(im ? { user: channel.members.find((member) => member !== BOT_USER) } : { name: channel.name }),
    is_channel: !im,
    is_group: false,
    is_im: im,
    is_mpim: false,
    is_private: im,
    is_archived: false,
    is_shared: channel.isShared,
    is_ext_shared: channel.isShared,
    is_member: channel.members.includes(BOT_USER),
    num_members: channel.members.length,
    topic: { value: channel.topic, creator: '', last_set: 0 },
  };
}
