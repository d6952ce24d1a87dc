import type { Category, Group, Post, Topic, User } from './model.ts';
import type { State } from './state.ts';

/** Who may see and do what. `null` is somebody who is not logged in. */
export interface Guardian {
  isStaff(user: User | null): boolean;
  /** In the group that moderates the topic's category. */
  moderates(user: User | null, topic: Topic): boolean;
  seesCategory(user: User | null, category: Category | undefined): boolean;
  seesTopic(user: User | null, topic: Topic): boolean;
  /** Also not deleted, unless for staff. */
  seesPost(user: User | null, post: Post): boolean;
  seesGroup(user: User | null, group: Group): boolean;
  mayReply(user: User | null, topic: Topic): boolean;
  mayEdit(user: User | null, post: Post): boolean;
  /** May close it. */
  mayManage(user: User | null, topic: Topic): boolean;
}

export function createGuardian(state: State): Guardian {
  const isIn = (user: User, name: string | null) =>
    name !== null && state.group(name)?.members.includes(user.id) === true;
  const guardian: Guardian = {
    isStaff: (user) => user !== null && (user.admin || user.moderator),
    moderates: (user, topic) =>
      user !== null && isIn(user, state.category(topic.category)?.moderators ?? null),
    seesCategory: (user, category) =>
      category !== undefined && (!category.staffOnly || guardian.isStaff(user)),
    seesTopic(user, topic) {
      if (topic.deleted && !guardian.isStaff(user)) return false;
      if (topic.category !== null) return guardian.seesCategory(user, state.category(topic.category));
      if (user === null) return false;
      return user.admin || topic.users.includes(user.id) || topic.groups.some((name) => isIn(user, name));
    },
    seesPost(user, post) {
      const topic = state.topics.get(post.topic);
      if (topic === undefined || !guardian.seesTopic(user, topic)) return false;
      return !post.deleted || guardian.isStaff(user);
    },
    seesGroup: (user, group) =>
      group.public || (user !== null && (user.admin || group.members.includes(user.id))),
    // The real one lets trust level 4 into closed topics. Here only staff gets in, so that the bot meets the no.
    mayReply: (user, topic) =>
      user !== null &&
      !topic.deleted &&
      guardian.seesTopic(user, topic) &&
      (guardian.isStaff(user) || !(topic.closed || topic.archived)),
    mayEdit(user, post) {
      const topic = state.topics.get(post.topic);
      if (user === null || topic === undefined || !guardian.seesTopic(user, topic)) return false;
      if (guardian.isStaff(user)) return true;
      if (topic.archived || post.takenBack !== null) return false;
      return post.userId === user.id || (user.trustLevel >= 4 && topic.category !== null);
    },
    mayManage: (user, topic) =>
      user !== null &&
      (guardian.isStaff(user) ||
        (topic.category !== null && (user.trustLevel >= 4 || guardian.moderates(user, topic)))),
  };
  return guardian;
}
