import type { Inbox } from '../core/store.ts';
import type { Cursors } from './cursors.ts';
import { goneItem, type Item, postItem, type TitledPost } from './items.ts';
import type { Post } from './model.ts';

/** Puts what was read into the inbox, before any cursor moves past it. */
export interface Intake {
  /** Posts of one answer, in their order. `after`: those made before this moment are left alone. */
  posts(posts: readonly TitledPost[], after: Date): Promise<void>;
  /** Posts that are read once more, for their text alone. */
  again(posts: readonly Post[]): Promise<void>;
  gone(topic: number, posts: readonly number[]): Promise<void>;
}

export function createIntake(deps: {
  readonly inbox: Inbox;
  readonly cursors: Cursors;
  /** Our own user id. */
  readonly self: number;
  /** Each new post in the category, ours and the forum's own too. May be called twice for one. */
  readonly heard: (topic: number, number: number, ours: boolean) => void;
  /** Something is in the inbox that was not there before. */
  readonly onItems: () => void;
}): Intake {
  const { inbox, cursors, self, heard, onItems } = deps;

  async function put(items: readonly Item[]): Promise<void> {
    const how = await Promise.all(items.map((item) => inbox.put(item)));
    if (how.includes('new')) onItems();
  }

  function wanted({ isRegular, userId }: Post): boolean {
    return isRegular && userId !== self;
  }

  return {
    async posts(posts, after) {
      const fresh = posts.filter(({ topic, number }) => number > (cursors.read(topic) ?? 0));
      const items = posts.filter((post) => wanted(post) && post.createdAt > after);
      await put(items.map(postItem));
      for (const { id } of posts) cursors.sawPost(id);
      for (const post of fresh) {
        if (post.createdAt > after) heard(post.topic, post.number, post.userId === self);
      }
    },
    again: (posts) =>
      put(
        posts
          .filter((post) => wanted(post) && post.createdAt > cursors.began())
          .map((post) => postItem({ ...post, title: null })),
      ),
    gone: (topic, posts) => put(posts.map((post) => goneItem(post, topic))),
  };
}
