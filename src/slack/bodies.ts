import { z } from 'zod';

/** The parts of Slack's payloads that the bot reads; everything else in them is left alone. */

const user = z.looseObject({ id: z.string(), team_id: z.string().nullish() });

export const commandBody = z.looseObject({
  text: z.string().default(''),
  user_id: z.string(),
  team_id: z.string(),
  channel_id: z.string(),
  response_url: z.string().optional(),
  trigger_id: z.string(),
});

export const actionBody = z.looseObject({
  user,
  trigger_id: z.string().default(''),
  response_url: z.string().optional(),
  channel: z.looseObject({ id: z.string() }).nullish(),
  container: z
    .looseObject({
      message_ts: z.string().nullish(),
      thread_ts: z.string().nullish(),
      channel_id: z.string().nullish(),
    })
    .nullish(),
  message: z.looseObject({ thread_ts: z.string().nullish() }).nullish(),
  actions: z
    .array(z.looseObject({ action_id: z.string(), value: z.string().nullish(), text: z.unknown() }))
    .min(1),
});

export const viewBody = z.looseObject({ user, view: z.unknown() });

export const shortcutBody = z.looseObject({
  user,
  trigger_id: z.string(),
  response_url: z.string().optional(),
  channel: z.looseObject({ id: z.string() }).nullish(),
  message: z
    .looseObject({ ts: z.string(), thread_ts: z.string().nullish(), text: z.string().default('') })
    .nullish(),
});

/** An `app_mention`, or a `message` in a direct message. */
export const saidBody = z.looseObject({
  team_id: z.string().nullish(),
  event: z.looseObject({
    type: z.string(),
    subtype: z.string().nullish(),
    bot_id: z.string().nullish(),
    user: z.string().nullish(),
    user_team: z.string().nullish(),
    text: z.string().default(''),
    ts: z.string(),
    thread_ts: z.string().nullish(),
    channel: z.string(),
    channel_type: z.string().nullish(),
  }),
});

export const homeBody = z.looseObject({
  event: z.looseObject({ user: z.string(), tab: z.string().default('home') }),
});

/** Who sent it and from where, of any payload: enough to tell them something. */
export const anySender = z.looseObject({
  user_id: z.string().optional(),
  channel_id: z.string().optional(),
  response_url: z.string().optional(),
  user: z.looseObject({ id: z.string() }).optional(),
  channel: z.looseObject({ id: z.string() }).nullish(),
  event: z
    .looseObject({
      user: z.string().optional(),
      channel: z.string().optional(),
      thread_ts: z.string().optional(),
      bot_id: z.string().nullish(),
    })
    .optional()
    .catch(undefined),
});
