import { changeStatus } from './changing.ts';
import type { Category, Post, Topic } from './model.ts';
import { CATEGORIES } from './people.ts';
import { invalidAccess, invalidParameters, notFound } from './refusal.ts';
import { type Answer, type Ask, ok, type Route } from './route.ts';

const PER_PAGE = 30;
const CHUNK = 20;

const LIST = /^\/c\/(?<path>.+?)(?<latest>\/l\/latest)?$/;

export const topicRoutes: readonly Route[] = [
  {
    method: 'GET',
    pattern: /^\/latest$/,
    permit: () => ({ scope: 'topics:read_lists' }),
    answer: (ask) => list(ask, ask.world.state.listed(), '/latest'),
  },
  {
    method: 'GET',
    pattern: LIST,
    permit: ({ path }) => ({ scope: 'topics:read_lists', parameters: { category_id: lastNumber(path) } }),
    answer: categoryList,
  },
  {
    method: 'GET',
    pattern: /^\/t\/(?<id>\d+)\/posts$/,
    permit: ({ id }) => ({ scope: 'topics:read', parameters: { topic_id: id } }),
    answer: somePosts,
  },
  {
    method: 'GET',
    pattern: /^\/t\/(?:(?<slug>[^/]*[^/\d][^/]*)\/)?(?<id>\d+)$/,
    permit: ({ id }) => ({ scope: 'topics:read', parameters: { topic_id: id } }),
    answer: showTopic,
  },
  {
    method: 'PUT',
    pattern: /^\/t\/(?<id>\d+)\/status$/,
    permit: ({ id }) => ({ scope: 'topics:status', parameters: { topic_id: id } }),
    answer: setStatus,
  },
];

function categoryList(ask: Ask): Answer {
  const given = ask.path.path ?? '';
  const category =
    CATEGORIES.find(({ id }) => String(id) === lastNumber(given)) ??
    CATEGORIES.find(({ path }) => path.replace(/\/\d+$/, '') === given);
  if (category === undefined || !ask.world.guardian.seesCategory(ask.user, category)) throw notFound();
  if (given !== category.path) {
    const query = ask.query.size > 0 ? `?${ask.query}` : '';
    const location = `${ask.world.url()}/c/${category.path}${ask.path.latest ?? ''}.json${query}`;
    return { status: 301, body: '', headers: { location } };
  }
  const topics = ask.world.state.listed().filter((topic) => isWithin(topic, category));
  return list(ask, topics, `/c/${category.path}/l/latest`);
}

const isWithin = (topic: Topic, category: Category) =>
  topic.category === category.id ||
  CATEGORIES.some(({ id, parent }) => id === topic.category && parent === category.id);

function list(ask: Ask, topics: readonly Topic[], address: string): Answer {
  const { guardian, state } = ask.world;
  const asked = Number(ask.query.get('page') ?? 0);
  const page = Number.isInteger(asked) && asked > 0 ? asked : 0;
  const seen = topics.filter(
    (topic) => !topic.deleted && topic.visible && guardian.seesTopic(ask.user, topic),
  );
  const shown = seen.slice(page * PER_PAGE, (page + 1) * PER_PAGE);
  const people = new Set(shown.map((topic) => topic.userId));
  return ok({
    users: [...people].map((id) => ask.wire.brief(state.users.get(id))),
    primary_groups: [],
    topic_list: {
      can_create_topic: ask.user !== null,
      // There is another page when this one is full, be it an empty one. The address has no `.json`.
      ...(shown.length === PER_PAGE && { more_topics_url: `${address}?page=${page + 1}` }),
      per_page: PER_PAGE,
      top_tags: [],
      topics: shown.map((topic) => ask.wire.listed(topic)),
    },
  });
}

function visibleTopic(ask: Ask): Topic {
  const topic = ask.world.state.topics.get(Number(ask.path.id));
  const missing = topic === undefined || (topic.deleted && !ask.world.guardian.isStaff(ask.user));
  if (missing) throw notFound({ title: 'Page Not Found', html: NOT_FOUND_PAGE });
  if (!ask.world.guardian.seesTopic(ask.user, topic)) throw invalidAccess();
  return topic;
}

const visiblePosts = (ask: Ask, topic: Topic): Post[] =>
  ask.world.state.postsOf(topic.id).filter((post) => ask.world.guardian.seesPost(ask.user, post));

function showTopic(ask: Ask): Answer {
  const topic = visibleTopic(ask);
  const { slug } = ask.path;
  if (slug !== undefined && slug !== topic.slug) {
    const location = `${ask.world.url()}/t/${topic.slug}/${topic.id}.json`;
    return { status: 301, body: '', headers: { location } };
  }
  const page = Math.max(1, Number(ask.query.get('page') ?? 1) || 1);
  const posts = visiblePosts(ask, topic).slice((page - 1) * CHUNK, page * CHUNK);
  if (posts.length === 0 && page > 1) throw notFound({ title: 'Page Not Found', html: NOT_FOUND_PAGE });
  return ok(ask.wire.topic(topic, posts, wantsRaw(ask)));
}

function somePosts(ask: Ask): Answer {
  const topic = visibleTopic(ask);
  const all = visiblePosts(ask, topic);
  const ids = ask.query.getAll('post_ids[]').map(Number);
  const from = ask.query.get('post_number');
  const posts =
    ids.length > 0
      ? all.filter((post) => ids.includes(post.id))
      : from === null
        ? all.slice(0, CHUNK)
        : /^(true|t|1|on)$/.test(ask.query.get('asc') ?? '')
          ? all.filter((post) => post.postNumber > Number(from)).slice(0, CHUNK)
          : all.filter((post) => post.postNumber < Number(from)).slice(-CHUNK);
  const raw = wantsRaw(ask);
  return ok({ post_stream: { posts: posts.map((post) => ask.wire.post(post, raw)) }, id: topic.id });
}

function setStatus(ask: Ask): Answer {
  const topic = visibleTopic(ask);
  const { status, enabled } = ask.body;
  if (status !== 'closed' && status !== 'archived') throw invalidParameters('status');
  // Text, not a boolean: JSON's true is not understood.
  if (enabled !== 'true' && enabled !== 'false') throw invalidParameters('enabled');
  if (ask.user === null || !ask.world.guardian.mayManage(ask.user, topic)) throw invalidAccess();
  changeStatus(ask.world, ask.user, topic, status, enabled === 'true');
  return ok({ success: 'OK', topic_status_update: null });
}

const wantsRaw = (ask: Ask) => (ask.query.get('include_raw') ?? '') !== '';
const lastNumber = (path: string | undefined) => /(?:^|\/)(\d+)$/.exec(path ?? '')?.[1];

/** The real one is a whole page. */
const NOT_FOUND_PAGE = `<div class="page-not-found">${'<p>That page does not exist or is private.</p>'.repeat(40)}</div>`;
