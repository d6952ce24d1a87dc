import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { ApiError } from './api-error.ts';
import { checkViewBlocks } from './blocks.ts';
import { plain } from './elements.ts';
import { LIMITS } from './limits.ts';
import type { Fields, View } from './model.ts';
import { APP_ID, BOT_ID } from './people.ts';
import type { State } from './state.ts';

const shared = {
  blocks: z.array(z.unknown()),
  callback_id: z.string().max(LIMITS.callbackId).optional(),
  private_metadata: z.string().max(LIMITS.privateMetadata).optional(),
  external_id: z.string().max(LIMITS.callbackId).optional(),
};
const modal = z.strictObject({
  type: z.literal('modal'),
  ...shared,
  title: plain(LIMITS.viewTitle),
  submit: plain(LIMITS.viewButton).optional(),
  close: plain(LIMITS.viewButton).optional(),
  clear_on_close: z.boolean().optional(),
  notify_on_close: z.boolean().optional(),
  submit_disabled: z.boolean().optional(),
});
const home = z.strictObject({ type: z.literal('home'), ...shared });

/** Checks a view as a bot sent it and makes it one of `user`'s. Throws the errors of the Web API. */
export function makeView(
  state: State,
  given: unknown,
  user: string,
  place: { readonly id?: string; readonly previous?: View | undefined; readonly type: View['type'] },
): View {
  if (JSON.stringify(given ?? null).length > LIMITS.viewBytes) throw new ApiError('view_too_large');
  const parsed = (place.type === 'modal' ? modal : home).safeParse(given);
  if (!parsed.success)
    throw invalid(parsed.error.issues.map((issue) => `${issue.path.join('/')}: ${issue.message}`));
  const body = parsed.data;
  const checked = checkViewBlocks(body.blocks);
  if (!checked.ok) throw invalid(checked.messages);
  if (
    body.type === 'modal' &&
    body.submit === undefined &&
    checked.blocks.some((block) => block.type === 'input')
  )
    throw invalid(['submit is required when an input block is within blocks']);
  if (
    body.external_id !== undefined &&
    state.views.some((view) => view.body.external_id === body.external_id && view.id !== place.id)
  )
    throw new ApiError('duplicate_external_id');
  const id = place.id ?? `V0${randomBytes(5).toString('hex').toUpperCase()}`;
  return {
    id,
    user,
    type: place.type,
    hash: `${Math.floor(Date.now() / 1000)}.${createHash('sha1').update(JSON.stringify(body)).digest('hex').slice(0, 8)}`,
    body: { ...body, blocks: checked.blocks },
    blocks: checked.blocks,
    previous: place.previous?.id ?? null,
    root: place.previous?.root ?? id,
    errors: {},
  };
}

function invalid(messages: readonly string[]): ApiError {
  return new ApiError('invalid_arguments', {
    response_metadata: { messages: messages.map((message) => `[ERROR] ${message}`) },
  });
}

/** Puts a view on top of what the person sees. */
export function openView(state: State, view: View): void {
  if (view.previous === null) state.views = state.views.filter((open) => open.user !== view.user);
  const depth = state.views.filter((open) => open.root === view.root).length;
  if (depth >= LIMITS.viewStack) throw new ApiError('push_limit_reached');
  state.views.push(view);
  state.changed();
}

/** The view on top of what the person sees. */
export function topView(state: State, user: string): View | undefined {
  return state.views.filter((view) => view.user === user).at(-1);
}

export function replaceView(state: State, view: View): void {
  state.views = state.views.map((open) => (open.id === view.id ? view : open));
  state.changed();
}

/** Publishes somebody's Home. */
export function publishHome(state: State, view: View): void {
  state.homes = [...state.homes.filter((other) => other.user !== view.user), view];
  state.changed();
}

/** A view as answers and payloads give it. `values` are what the person filled in. */
export function viewWire(state: State, view: View, values: Fields = {}): Fields {
  return {
    private_metadata: '',
    callback_id: '',
    external_id: '',
    clear_on_close: false,
    notify_on_close: false,
    submit: null,
    close: null,
    ...view.body,
    id: view.id,
    team_id: state.team,
    app_id: APP_ID,
    app_installed_team_id: state.team,
    bot_id: BOT_ID,
    hash: view.hash,
    previous_view_id: view.previous,
    root_view_id: view.root,
    state: { values },
  };
}
