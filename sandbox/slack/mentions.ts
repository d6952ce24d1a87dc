import type { Block, Message, Ping } from './model.ts';
import type { State } from './state.ts';

/**
 * Whose phone buzzes for a new message. With blocks, only mentions inside the blocks count: the top-level
 * text is then just the text of the notification.
 */
export function pingsFor(state: State, message: Message): Ping[] {
  const channel = state.channel(message.channel);
  if (channel === undefined) return [];
  const texts = message.blocks.length > 0 ? message.blocks.flatMap(mentionsIn) : [message.text];
  const said = texts.join('\n').replace(/```[\s\S]*?```|`[^`\n]*`/g, '');
  const why = new Map<string, Ping['why']>();
  if (channel.kind === 'im') for (const user of channel.members) why.set(user, 'dm');
  if (/<!(?:channel|here|everyone)(?:\|[^>]*)?>/.test(said))
    for (const user of channel.members) why.set(user, 'channel');
  for (const [, id] of said.matchAll(/<!subteam\^([A-Z0-9]+)(?:\|[^>]*)?>/g))
    for (const user of state.groups.find((group) => group.id === id)?.users ?? []) why.set(user, 'group');
  for (const [, id] of said.matchAll(/<@([A-Z0-9]+)(?:\|[^>]*)?>/g))
    if (id !== undefined) why.set(id, 'mention');
  return [...why]
    .filter(
      ([user]) =>
        user !== message.user && channel.members.includes(user) && state.user(user)?.isBot === false,
    )
    .map(([user, reason]) => ({ user, channel: message.channel, ts: message.ts, why: reason }));
}

/** The mrkdwn texts in there, and rich-text mentions written as mrkdwn would. */
function mentionsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(mentionsIn);
  if (typeof value !== 'object' || value === null) return [];
  const part: Partial<Block> = value;
  if (part.type === 'mrkdwn' || part.type === 'markdown')
    return typeof part.text === 'string' ? [part.text] : [];
  if (part.type === 'user') return [`<@${String(part.user_id)}>`];
  if (part.type === 'usergroup') return [`<!subteam^${String(part.usergroup_id)}>`];
  if (part.type === 'broadcast') return [`<!${String(part.range)}>`];
  return Object.values(value).flatMap(mentionsIn);
}
