import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { JsonObject } from '../core/json.ts';
import { storable } from '../core/storable.ts';

/** Something that came in from Slack, whichever way. */
export interface Incoming {
  /** The same for every delivery of the same thing: what the inbox knows it by. */
  readonly id: string;
  readonly kind: 'command' | 'action' | 'view' | 'shortcut' | 'event';
  readonly body: JsonObject;
}

/** What a delivery turned out to be. */
export type Delivery =
  | { readonly kind: 'incoming'; readonly incoming: Incoming }
  | { readonly kind: 'challenge'; readonly challenge: string }
  /** A check of Slack's, or a kind of delivery that this bot has no use for. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'malformed'; readonly says: string };

const text = z.string().min(1).max(500);
const team = z.looseObject({ id: text }).nullish();

const commandBody = z.looseObject({
  command: text,
  trigger_id: text,
  team_id: text,
  user_id: text,
  channel_id: text,
});
const eventBody = z.looseObject({
  type: z.literal('event_callback'),
  event_id: text,
  team_id: z.string().max(500).nullish(),
  event: z.looseObject({ type: text }),
});
const actionBody = z.looseObject({
  type: z.literal('block_actions'),
  user: z.looseObject({ id: text }),
  team,
  actions: z.array(z.looseObject({ action_id: text, action_ts: z.string().default('') })).min(1),
  container: z.looseObject({ message_ts: z.string().nullish(), view_id: z.string().nullish() }).nullish(),
  trigger_id: z.string().nullish(),
});
const viewBody = z.looseObject({
  type: z.literal('view_submission'),
  team,
  view: z.looseObject({ id: text, hash: z.string().default(''), state: z.unknown() }),
});
const shortcutBody = z.looseObject({
  type: z.enum(['message_action', 'shortcut']),
  user: z.looseObject({ id: text }),
  team,
  callback_id: text,
  action_ts: text,
});

/**
 * Reads an HTTP body whose signature was checked. Which kind it is, the body itself says: the header is not signed, and
 * what somebody wrote inside of JSON can look like a form.
 */
export function readDelivery(raw: string): Delivery {
  if (/^\s*[{[]/u.test(raw.slice(0, 100))) return deliveryOf(parseJson(raw));
  const params = new URLSearchParams(raw);
  if (params.get('ssl_check') === '1') return { kind: 'nothing' };
  const payload = params.get('payload');
  return deliveryOf(payload === null ? Object.fromEntries(params) : parseJson(payload));
}

/** Reads what came as an object: the body of a socket's envelope. */
export function deliveryOf(body: unknown): Delivery {
  const typed = kindOf.safeParse(body);
  if (!typed.success) return { kind: 'malformed', says: 'not an object' };
  switch (typed.data.type) {
    case 'url_verification': {
      const challenge = z.object({ challenge: z.string().max(1000) }).safeParse(body);
      return challenge.success
        ? { kind: 'challenge', challenge: challenge.data.challenge }
        : { kind: 'malformed', says: 'no challenge' };
    }
    case 'event_callback':
      return made(eventBody, body, 'event', (b) => [b.team_id, b.event_id]);
    case 'block_actions':
      return made(actionBody, body, 'action', (b) => {
        const [first] = b.actions;
        const shown = b.container?.message_ts ?? b.container?.view_id;
        return [b.team?.id, b.user.id, first?.action_id, first?.action_ts || b.trigger_id, shown];
      });
    case 'view_submission':
      // The hash stays the same when a submission was answered with errors, so what was filled in counts too.
      return made(viewBody, body, 'view', (b) => [
        b.team?.id,
        b.view.id,
        b.view.hash,
        JSON.stringify(b.view.state),
      ]);
    case 'message_action':
    case 'shortcut':
      return made(shortcutBody, body, 'shortcut', (b) => [b.team?.id, b.user.id, b.callback_id, b.action_ts]);
    default:
      if (typed.data.command === undefined) return { kind: 'nothing' };
      return made(commandBody, body, 'command', (b) => [b.team_id, b.trigger_id]);
  }
}

const record = z.record(z.string(), z.unknown());
const kindOf = z.looseObject({ type: z.string().optional(), command: z.string().optional() });

function made<T>(
  schema: z.ZodType<T>,
  body: unknown,
  kind: Incoming['kind'],
  idOf: (body: T) => readonly (string | null | undefined)[],
): Delivery {
  const read = schema.safeParse(body);
  if (!read.success) {
    const [issue] = read.error.issues;
    return { kind: 'malformed', says: `${kind}: ${issue?.path.join('.')}: ${issue?.message}` };
  }
  const id = createHash('sha256')
    .update(JSON.stringify(idOf(read.data)))
    .digest('base64url');
  // Slack's old verification token is a secret of the app's, and of no use to us.
  const { token: _token, ...kept } = record.parse(read.data);
  return { kind: 'incoming', incoming: { id: `slack:${kind}:${id}`, kind, body: storable(kept) } };
}

function parseJson(raw: string): unknown {
  try {
    const value: unknown = JSON.parse(raw);
    return value;
  } catch {
    return null;
  }
}
