import { notFound } from './refusal.ts';
import { ok, type Route } from './route.ts';

export const peopleRoutes: readonly Route[] = [
  {
    method: 'GET',
    pattern: /^\/u\/(?<username>[^/]+)$/,
    permit: ({ username }) => ({ scope: 'users:show', parameters: { username } }),
    answer(ask) {
      const user = ask.world.state.user(ask.path.username ?? '');
      if (user === undefined) throw notFound();
      return ok({ user_badges: [], user: ask.wire.user(user) });
    },
  },
  {
    method: 'GET',
    pattern: /^\/groups\/(?<name>[^/]+)\/members$/,
    permit: ({ name }) => ({ scope: 'groups:manage_groups', parameters: { name } }),
    answer(ask) {
      const group = ask.world.state.group(ask.path.name ?? '');
      if (group === undefined || !ask.world.guardian.seesGroup(ask.user, group)) throw notFound();
      const limit = Math.min(1000, Number(ask.query.get('limit') ?? 50) || 50);
      const offset = Number(ask.query.get('offset') ?? 0) || 0;
      const members = group.members.slice(offset, offset + limit);
      return ok({
        members: members.map((id) => ask.wire.brief(ask.world.state.users.get(id))),
        owners: [],
        meta: { total: group.members.length, limit, offset },
      });
    },
  },
  {
    method: 'GET',
    pattern: /^\/groups\/(?<name>[^/]+)$/,
    permit: () => ({ scope: null }),
    answer(ask) {
      const group = ask.world.state.group(ask.path.name ?? '');
      if (group === undefined || !ask.world.guardian.seesGroup(ask.user, group)) throw notFound();
      return ok({
        group: { ...ask.wire.group(group), mentionable: false, messageable: group.messageable },
        extras: { visible_group_names: [group.name] },
      });
    },
  },
  {
    method: 'GET',
    pattern: /^\/session\/scopes$/,
    permit: () => ({ scope: 'always' }),
    answer(ask) {
      if (ask.user === null) throw notFound();
      return ok({ scopes: ask.keys.shown() });
    },
  },
  {
    method: 'GET',
    pattern: /^\/site\/basic-info$/,
    permit: () => ({ scope: null }),
    answer: () =>
      ok({
        title: 'Pretend community',
        description: 'A forum to try things with',
        login_required: false,
        locale: 'en',
      }),
  },
];
