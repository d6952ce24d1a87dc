import { deletePost, deleteTopic, editPost, recoverPost } from './changing.ts';
import type { User } from './model.ts';
import { INFRA } from './people.ts';
import { createPost, type World } from './posting.ts';

/**
 * What a person at the web interface can do. What the forum would not let them do is thrown, with what it says:
 * also people's replies have at least 20 characters, and 10 in a private message. The limits on how often
 * (consecutive, alike, a day) are not held against them.
 */
export interface ForumActor {
  /** In the category of the infrastructure unless told. */
  topic(title: string, raw: string, category?: number): Promise<{ topic: number; post: number }>;
  /** Gives the post's id. `replyTo` is a post number. */
  reply(
    topic: number,
    raw: string,
    options?: { readonly viaEmail?: boolean; readonly replyTo?: number },
  ): Promise<number>;
  /** Within five minutes of the last version, by its author, it is a ninja edit: the version stays. */
  edit(postId: number, raw: string): Promise<void>;
  /** By staff it goes. By its author it stays, as `(post deleted by author)`. The first post goes with its topic. */
  deletePost(postId: number): Promise<void>;
  recoverPost(postId: number): Promise<void>;
  deleteTopic(topic: number): Promise<void>;
  /** A private message to people or groups (with commas between). Gives the topic. */
  message(to: string, title: string, raw: string): Promise<number>;
}

/** Acts as whoever has the id, whatever they are called now. */
export function createActor(world: World, id: number): ForumActor {
  const self = (): User => {
    const user = world.state.users.get(id);
    if (user === undefined) throw new Error(`the pretend forum has no user ${id}`);
    return user;
  };
  return {
    async topic(title, raw, category = INFRA) {
      const post = createPost(world, self(), { title, raw, category }, 'web');
      return { topic: post.topic, post: post.id };
    },
    async reply(topic, raw, options = {}) {
      return createPost(world, self(), { topic, raw, ...options }, 'web').id;
    },
    async edit(postId, raw) {
      editPost(world, self(), postId, { raw }, 'web');
    },
    async deletePost(postId) {
      deletePost(world, self(), postId);
    },
    async recoverPost(postId) {
      recoverPost(world, self(), postId);
    },
    async deleteTopic(topic) {
      deleteTopic(world, self(), topic);
    },
    async message(to, title, raw) {
      return createPost(world, self(), { title, raw, recipients: to }, 'web').topic;
    },
  };
}
