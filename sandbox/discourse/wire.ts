import { cook } from './cook.ts';
import type { Guardian } from './guardian.ts';
import type { Fields, Held, Post, Topic, User } from './model.ts';
import type { State } from './state.ts';
import { createPeopleWire, type PeopleWire } from './wire-people.ts';

/** What every post has and the pretend forum has no use for. */
const DECORATION = {
  primary_group_name: null,
  flair_name: null,
  flair_url: null,
  flair_bg_color: null,
  flair_color: null,
  flair_group_id: null,
  badges_granted: [],
  reviewable_id: null,
  reviewable_score_count: 0,
  reviewable_score_pending_count: 0,
};

/** How the forum shows things to one reader. */
export interface Wire extends PeopleWire {
  /** `raw` is there only when it was asked for. */
  post(post: Post, raw: boolean): Fields;
  /** As in `/posts.json` and in webhooks: with what topic it is in, and always with raw. */
  postAbroad(post: Post): Fields;
  /** A line of a list. */
  listed(topic: Topic): Fields;
  /** A topic with some of its posts. */
  topic(topic: Topic, posts: readonly Post[], raw: boolean): Fields;
  held(held: Held): Fields;
}

const cooked = new WeakMap<Post, string>();

/** The HTML of a post; worked out once. */
export function cookedOf(post: Post): string {
  const there = cooked.get(post);
  if (there !== undefined) return there;
  const html = cook(post.raw);
  cooked.set(post, html);
  return html;
}

const iso = (ms: number) => new Date(ms).toISOString();
const plainHtml = (text: string) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

export function createWire(state: State, guardian: Guardian, reader: User | null): Wire {
  const visible = (topic: Topic) => state.postsOf(topic.id).filter((post) => guardian.seesPost(reader, post));
  const people = createPeopleWire(state, guardian, reader);
  const { brief } = people;

  const wire: Wire = {
    post(post, raw) {
      const user = state.users.get(post.userId);
      const topic = state.topics.get(post.topic);
      const { id: _id, ...author } = brief(user);
      const mine = reader !== null && reader.id === post.userId;
      return {
        id: post.id,
        ...author,
        created_at: iso(post.createdAt),
        ...(raw && { raw: post.raw }),
        cooked: cookedOf(post),
        post_number: post.postNumber,
        post_type: post.action === null ? 1 : 3,
        updated_at: iso(post.updatedAt),
        reply_count: state.postsOf(post.topic).filter((one) => one.replyTo === post.postNumber).length,
        reply_to_post_number: post.replyTo,
        quote_count: 0,
        incoming_link_count: 0,
        reads: 1,
        readers_count: 0,
        score: 0,
        yours: mine,
        topic_id: post.topic,
        topic_slug: topic?.slug ?? null,
        display_username: user?.name ?? null,
        ...DECORATION,
        version: post.version,
        can_edit: guardian.mayEdit(reader, post),
        can_delete: mine || guardian.isStaff(reader),
        can_recover: false,
        can_wiki: false,
        user_title: null,
        bookmarked: false,
        actions_summary: [],
        moderator: user?.moderator ?? false,
        admin: user?.admin ?? false,
        staff: guardian.isStaff(user ?? null),
        user_id: post.userId,
        hidden: false,
        trust_level: user?.trustLevel ?? 0,
        deleted_at: post.deleted ? iso(post.updatedAt) : null,
        user_deleted: post.takenBack !== null,
        edit_reason: post.editReason,
        can_view_edit_history: true,
        wiki: false,
        ...(post.viaEmail && { via_email: true }),
        ...(post.action !== null && { action_code: post.action }),
      };
    },
    postAbroad(post) {
      const topic = state.topics.get(post.topic);
      return {
        ...wire.post(post, true),
        topic_title: topic?.title ?? null,
        topic_html_title: plainHtml(topic?.title ?? ''),
        category_id: topic?.category ?? null,
        posts_count: topic === undefined ? 0 : visible(topic).length,
        excerpt: post.raw.slice(0, 300),
        truncated: post.raw.length > 300,
        post_url: `/t/${topic?.slug}/${post.topic}/${post.postNumber}`,
      };
    },
    listed(topic) {
      const posts = visible(topic);
      const last = posts.filter((post) => post.action === null).at(-1);
      return {
        id: topic.id,
        title: topic.title,
        fancy_title: plainHtml(topic.title),
        slug: topic.slug,
        posts_count: posts.length,
        reply_count: posts.filter((post) => post.replyTo !== null).length,
        highest_post_number: posts.at(-1)?.postNumber ?? 0,
        image_url: null,
        created_at: iso(topic.createdAt),
        last_posted_at: last === undefined ? null : iso(last.createdAt),
        bumped: true,
        bumped_at: iso(topic.bumpedAt),
        archetype: topic.category === null ? 'private_message' : 'regular',
        unseen: false,
        pinned: topic.pinned,
        unpinned: null,
        visible: topic.visible,
        closed: topic.closed,
        archived: topic.archived,
        bookmarked: null,
        liked: null,
        tags: [],
        tags_descriptions: {},
        views: posts.length,
        like_count: 0,
        has_summary: false,
        last_poster_username: state.users.get(last?.userId ?? -1)?.username ?? null,
        category_id: topic.category,
        pinned_globally: false,
        featured_link: null,
        posters: [
          { extras: 'latest', description: 'Original Poster, Most Recent Poster', user_id: topic.userId },
        ],
      };
    },
    topic(topic, posts, raw) {
      const all = visible(topic);
      const people = [...new Set(all.map((post) => post.userId))];
      const {
        unpinned: _unpinned,
        posters: _posters,
        last_poster_username: _last,
        ...line
      } = wire.listed(topic);
      const person = (id: number) => brief(state.users.get(id));
      return {
        post_stream: { posts: posts.map((post) => wire.post(post, raw)), stream: all.map(({ id }) => id) },
        timeline_lookup: [[1, 0]],
        suggested_topics: [],
        ...line,
        word_count: all.reduce((sum, post) => sum + post.raw.split(/\s+/).length, 0),
        deleted_at: topic.deleted ? iso(topic.bumpedAt) : null,
        user_id: topic.userId,
        pinned_at: topic.pinned ? iso(topic.createdAt) : null,
        pinned_until: null,
        slow_mode_seconds: topic.slowModeSeconds,
        slow_mode_enabled_until: null,
        draft: null,
        draft_key: `topic_${topic.id}`,
        draft_sequence: 0,
        current_post_number: posts[0]?.postNumber ?? 1,
        deleted_by: null,
        has_deleted: false,
        actions_summary: [],
        chunk_size: 20,
        bookmarks: [],
        topic_timer: null,
        message_bus_last_id: 0,
        participant_count: people.length,
        show_read_indicator: false,
        thumbnails: null,
        details: {
          can_edit: guardian.mayManage(reader, topic),
          notification_level: 1,
          can_close_topic: guardian.mayManage(reader, topic),
          // As the real one: it is not there at all when it is not true.
          ...(guardian.mayReply(reader, topic) && { can_create_post: true }),
          participants: people.map((id) => ({
            ...person(id),
            post_count: all.filter((post) => post.userId === id).length,
          })),
          created_by: person(topic.userId),
          last_poster: person(all.at(-1)?.userId ?? topic.userId),
          ...(topic.category === null && {
            allowed_users: topic.users.map(person),
            allowed_groups: topic.groups.map((name) => ({ name })),
          }),
        },
      };
    },
    ...people,
    held: (held) => ({
      id: held.id,
      raw: held.draft.raw,
      title: held.draft.title ?? null,
      topic_id: held.draft.topic ?? null,
      category_id: held.draft.category ?? null,
      created_at: iso(held.at),
      created_by_id: held.userId,
    }),
  };
  return wire;
}
