import { randomBytes } from 'node:crypto';
import {
  type Call,
  type Category,
  type Group,
  groupShape,
  type Held,
  heldShape,
  type Memo,
  memoShape,
  type Post,
  postShape,
  type Secrets,
  secretsShape,
  type Topic,
  topicShape,
  type User,
  userShape,
} from './model.ts';
import { CATEGORIES, INFRA, makeGroups, makeUsers } from './people.ts';
import { openJournal, type Table } from './table.ts';

/** All that the pretend forum knows. */
export interface State {
  readonly secrets: Secrets;
  readonly users: Table<number, User>;
  readonly groups: Table<number, Group>;
  readonly topics: Table<number, Topic>;
  readonly posts: Table<number, Post>;
  readonly held: Table<number, Held>;
  readonly memos: Table<string, Memo>;
  calls: Call[];
  newId(of: 'topic' | 'post' | 'group' | 'held'): number;
  user(name: string): User | undefined;
  group(name: string): Group | undefined;
  category(id: number | null): Category | undefined;
  /** All posts of a topic, also deleted ones, oldest first. */
  postsOf(topic: number): readonly Post[];
  /** Newest first, deleted ones too, while `take` says so. */
  newestPosts(take: (post: Post) => boolean): Post[];
  /** Topics that are not private messages, as a list shows them: pinned ones first, then by the last bump. */
  listed(): readonly Topic[];
  changed(): void;
  onChange(listener: () => void): () => void;
}

export interface StateOptions {
  readonly statePath: string | undefined;
  readonly now: () => number;
  readonly botModerates: boolean;
  readonly seedTopics: number;
}

const CALLS = 5000;
const YEAR_MS = 365 * 86_400_000;

/** Starts from the file when there is one, else from the beginning of the story. */
export function createState(options: StateOptions): State {
  const listeners = new Set<() => void>();
  const changed = () => {
    for (const listener of listeners) listener();
  };
  const journal = openJournal(options.statePath, changed);
  const last = { topic: 100, post: 1000, group: 100, held: 0 };
  const counted = (of: keyof typeof last, id: number) => {
    last[of] = Math.max(last[of], id);
  };
  const inTopic = new Map<number, number[]>();
  let order: number[] = [];
  let sorted = true;

  const secretsTable = journal.table<string, Secrets>('secrets', secretsShape);
  if (secretsTable.get('secrets') === undefined)
    secretsTable.put({
      id: 'secrets',
      apiKey: randomBytes(32).toString('hex'),
      webhook: randomBytes(16).toString('hex'),
    });
  const users = journal.table<number, User>('user', userShape);
  const groups = journal.table<number, Group>('group', groupShape, ({ id }) => counted('group', id));
  const topics = journal.table<number, Topic>('topic', topicShape, (topic, before) => {
    counted('topic', topic.id);
    if (topic.category === null) return;
    if (before === undefined) order.push(topic.id);
    if (before?.bumpedAt !== topic.bumpedAt || before.pinned !== topic.pinned) sorted = false;
  });
  const posts = journal.table<number, Post>('post', postShape, (post, before) => {
    counted('post', post.id);
    if (before !== undefined) return;
    const there = inTopic.get(post.topic);
    if (there === undefined) inTopic.set(post.topic, [post.id]);
    else there.push(post.id);
  });
  const held = journal.table<number, Held>('held', heldShape, ({ id }) => counted('held', id));
  const memos = journal.table<string, Memo>('memo', memoShape);

  const secrets = secretsTable.get('secrets');
  if (secrets === undefined) throw new Error('the pretend forum has no secrets');
  const state: State = {
    secrets,
    users,
    groups,
    topics,
    posts,
    held,
    memos,
    calls: [],
    newId: (of) => last[of] + 1,
    user: (name) => find(users, (user) => same(user.username, name)),
    group: (name) => find(groups, (group) => same(group.name, name)),
    category: (id) => CATEGORIES.find((category) => category.id === id),
    postsOf: (topic) => (inTopic.get(topic) ?? []).flatMap((id) => posts.get(id) ?? []),
    newestPosts(take) {
      const found: Post[] = [];
      for (let id = last.post; id > 0; id -= 1) {
        const post = posts.get(id);
        if (post === undefined) continue;
        if (!take(post)) break;
        found.push(post);
      }
      return found;
    },
    listed() {
      const all = order.flatMap((id) => topics.get(id) ?? []);
      if (!sorted) {
        // Nearly in order already, which is what this sort is quick at.
        all.sort((a, b) => Number(b.pinned) - Number(a.pinned) || b.bumpedAt - a.bumpedAt || b.id - a.id);
        order = all.map((topic) => topic.id);
        sorted = true;
      }
      return all;
    },
    changed() {
      if (state.calls.length > CALLS) state.calls = state.calls.slice(-CALLS / 2);
      changed();
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  if (journal.fresh) begin(state, options);
  return state;
}

/** The beginning of the story: people, groups, what the category is for, and as many old topics as wanted. */
function begin(state: State, { now, botModerates, seedTopics }: StateOptions): void {
  for (const user of makeUsers()) state.users.put(user);
  for (const group of makeGroups(botModerates)) state.groups.put(group);
  const at = now() - YEAR_MS;
  const plant = (title: string, raw: string, when: number, userId: number, pinned: boolean) => {
    const topic = makeTopic({ id: state.newId('topic'), title, category: INFRA, userId, at: when });
    state.topics.put({ ...topic, pinned });
    state.posts.put(makePost({ id: state.newId('post'), topic: topic.id, userId, raw, at: when }));
  };
  plant('About the Infra SIG category', 'Ask here for what the build system needs.', at, 1, true);
  for (let index = 0; index < seedTopics; index += 1)
    plant(
      `An old question, number ${index + 1}`,
      OLD,
      at + ((index + 1) * YEAR_MS) / (seedTopics + 2),
      104,
      false,
    );
}

const OLD = 'How is this done here? I found nothing about it in the documentation.';

export function makeTopic(of: {
  readonly id: number;
  readonly title: string;
  readonly category: number | null;
  readonly userId: number;
  readonly at: number;
}): Topic {
  const { at, ...rest } = of;
  return {
    ...rest,
    slug: slugOf(of.title),
    createdAt: at,
    bumpedAt: at,
    closed: false,
    archived: false,
    pinned: false,
    visible: true,
    slowModeSeconds: 0,
    deleted: false,
    users: [],
    groups: [],
    emails: [],
  };
}

export function makePost(
  of: Pick<Post, 'id' | 'topic' | 'userId' | 'raw'> & { readonly at: number } & Partial<Post>,
): Post {
  const { at, ...rest } = of;
  return {
    postNumber: 1,
    version: 1,
    createdAt: at,
    updatedAt: at,
    versionAt: at,
    versionRaw: null,
    editorId: of.userId,
    deleted: false,
    takenBack: null,
    viaEmail: false,
    replyTo: null,
    editReason: null,
    action: null,
    ...rest,
  };
}

function slugOf(title: string): string {
  const slug = title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return slug === '' ? 'topic' : slug;
}

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

function find<T extends { readonly id: number }>(table: Table<number, T>, test: (record: T) => boolean) {
  for (const record of table.all()) if (test(record)) return record;
  return undefined;
}
