import { ApiError } from './api-error.ts';
import { blocksOf, flag, optional } from './args.ts';
import { contentOf, NEW_TEXT, post, remove, replace, whisper } from './messages.ts';
import type { Fields } from './model.ts';
import { BOT_USER } from './people.ts';
import type { ResponseUrl } from './permits.ts';
import type { State } from './state.ts';

/**
 * Does what a body asks that was posted to a `response_url`, or that came back with an acknowledgement.
 * It works in channels that the bot is not in. Throws `ApiError`.
 */
export function respond(state: State, to: ResponseUrl, body: Fields): void {
  const { original } = to;
  if (original !== null && flag(body, 'delete_original')) {
    const message = state.message(to.channel, original.ts);
    if (original.kind === 'ephemeral') dropEphemeral(state, original.ts);
    else if (message !== undefined) remove(state, message);
    return;
  }
  const content = contentOf(optional(body, 'text'), blocksOf(body), NEW_TEXT, 'cut');
  if (original !== null && flag(body, 'replace_original')) {
    const message = state.message(to.channel, original.ts);
    if (original.kind === 'ephemeral') {
      state.ephemerals = state.ephemerals.map((old) =>
        old.ts === original.ts ? { ...old, ...content } : old,
      );
      state.changed();
    } else if (message !== undefined) replace(state, { ...message, ...content });
    return;
  }
  const threadTs = optional(body, 'thread_ts') ?? to.threadTs;
  if (optional(body, 'response_type') === 'in_channel')
    post(state, { ...content, channel: to.channel, user: BOT_USER, threadTs });
  else whisper(state, { ...content, channel: to.channel, to: to.user, threadTs, from: 'bot' });
}

function dropEphemeral(state: State, ts: string): void {
  state.ephemerals = state.ephemerals.filter((old) => old.ts !== ts);
  state.changed();
}

/** What came back with the acknowledgement of a slash command: nothing, text, or a body. Says the error, if any. */
export function respondAtOnce(state: State, to: ResponseUrl, answer: unknown): string | null {
  if (answer === undefined || answer === null || answer === '') return null;
  const body: Fields = typeof answer === 'object' ? { ...answer } : { text: String(answer) };
  if (optional(body, 'text') === undefined && body.blocks === undefined) return null;
  try {
    respond(state, to, body);
    return null;
  } catch (error) {
    if (error instanceof ApiError) return error.code;
    throw error;
  }
}
