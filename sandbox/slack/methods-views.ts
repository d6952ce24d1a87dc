import { ApiError } from './api-error.ts';
import { json, optional, required } from './args.ts';
import { TIER_4 } from './limits.ts';
import { type Methods, method, type World } from './methods.ts';
import type { Fields } from './model.ts';
import { makeView, openView, publishHome, replaceView, topView, viewWire } from './views.ts';

export const viewMethods: Methods = {
  'views.open': method(TIER_4, [], (args, world) => {
    const user = whoseTrigger(args, world);
    const view = makeView(world.state, viewOf(args), user, { type: 'modal' });
    openView(world.state, view);
    return { view: viewWire(world.state, view) };
  }),
  'views.push': method(TIER_4, [], (args, world) => {
    const user = whoseTrigger(args, world);
    const previous = topView(world.state, user);
    if (previous === undefined) throw new ApiError('not_found');
    const view = makeView(world.state, viewOf(args), user, { type: 'modal', previous });
    openView(world.state, view);
    return { view: viewWire(world.state, view) };
  }),
  'views.update': method(TIER_4, [], (args, { state }) => {
    const id = optional(args, 'view_id');
    const external = optional(args, 'external_id');
    const old = state.views.find((view) =>
      id !== undefined ? view.id === id : view.body.external_id === external,
    );
    if (old === undefined || (id ?? external) === undefined) throw new ApiError('not_found');
    checkHash(args, old.hash);
    const made = makeView(state, viewOf(args), old.user, { id: old.id, type: 'modal' });
    const view = { ...made, previous: old.previous, root: old.root };
    replaceView(state, view);
    return { view: viewWire(state, view) };
  }),
  'views.publish': method(TIER_4, [], (args, { state }) => {
    const user = required(args, 'user_id');
    if (state.user(user) === undefined) throw new ApiError('user_not_found');
    const old = state.homes.find((view) => view.user === user);
    if (old !== undefined) checkHash(args, old.hash);
    const view = makeView(state, viewOf(args), user, { type: 'home', ...(old && { id: old.id }) });
    publishHome(state, view);
    return { view: viewWire(state, view) };
  }),
};

const viewOf = (args: Fields): unknown => json(args, 'view', 'invalid_arguments');

function whoseTrigger(args: Fields, { permits }: World): string {
  const used = permits.useTrigger(required(args, 'trigger_id'));
  if ('error' in used) throw new ApiError(used.error);
  return used.user;
}

function checkHash(args: Fields, hash: string): void {
  const given = optional(args, 'hash');
  if (given !== undefined && given !== hash) throw new ApiError('hash_conflict');
}
