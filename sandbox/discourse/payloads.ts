import type { Guardian } from './guardian.ts';
import type { Fields } from './model.ts';
import type { State } from './state.ts';
import { createWire } from './wire.ts';

/** What a webhook carries, and which category it is of; null for a private message. */
interface Payload {
  readonly category: number | null;
  readonly payload: Fields;
}

export interface Payloads {
  /** With its words. */
  post(id: number): Payload;
  /** Without. */
  topic(id: number): Payload;
}

/** Written as staff sees things: also what was just deleted. */
export function createPayloads(state: State, guardian: Guardian): Payloads {
  const wire = () => createWire(state, guardian, state.users.get(ROOT) ?? null);
  return {
    post(id) {
      const post = state.posts.get(id);
      const topic = state.topics.get(post?.topic ?? -1);
      if (post === undefined || topic === undefined) throw new Error(`there is no post ${id} to tell of`);
      const { actions_summary: _a, yours: _y, can_edit: _c, ...fields } = wire().postAbroad(post);
      return {
        category: topic.category,
        payload: {
          ...fields,
          category_slug: state.category(topic.category)?.slug ?? null,
          topic_posts_count: fields.posts_count,
          topic_filtered_posts_count: fields.posts_count,
          topic_archetype: topic.category === null ? 'private_message' : 'regular',
        },
      };
    },
    topic(id) {
      const topic = state.topics.get(id);
      if (topic === undefined) throw new Error(`there is no topic ${id} to tell of`);
      const {
        post_stream: _p,
        suggested_topics: _s,
        details: _d,
        ...fields
      } = wire().topic(topic, [], false);
      return {
        category: topic.category,
        payload: { ...fields, created_by: wire().brief(state.users.get(topic.userId)) },
      };
    },
  };
}

const ROOT = 1;
