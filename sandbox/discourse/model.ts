import { z } from 'zod';

/** A JSON object as it goes over the wire. */
export type Fields = Readonly<Record<string, unknown>>;

/** Times are milliseconds since 1970. Each shape is also the shape of a line in the state file. */

export const userShape = z
  .object({
    id: z.number(),
    username: z.string(),
    name: z.string(),
    trustLevel: z.number(),
    admin: z.boolean(),
    moderator: z.boolean(),
  })
  .readonly();
export type User = z.infer<typeof userShape>;

export const groupShape = z
  .object({
    id: z.number(),
    name: z.string(),
    /** User ids. */
    members: z.array(z.number()).readonly(),
    /** People may write a private message to the whole group. */
    messageable: z.boolean(),
    /** Everybody may see that it exists, and who is in it. */
    public: z.boolean(),
  })
  .readonly();
export type Group = z.infer<typeof groupShape>;

export const topicShape = z
  .object({
    id: z.number(),
    title: z.string(),
    slug: z.string(),
    /** Null: a private message. */
    category: z.number().nullable(),
    userId: z.number(),
    createdAt: z.number(),
    bumpedAt: z.number(),
    closed: z.boolean(),
    archived: z.boolean(),
    pinned: z.boolean(),
    visible: z.boolean(),
    slowModeSeconds: z.number(),
    deleted: z.boolean(),
    /** Of a private message: who is in it. */
    users: z.array(z.number()).readonly(),
    groups: z.array(z.string()).readonly(),
    /** Addresses that a private message went out to. */
    emails: z.array(z.string()).readonly(),
  })
  .readonly();
export type Topic = z.infer<typeof topicShape>;

export const postShape = z
  .object({
    id: z.number(),
    topic: z.number(),
    postNumber: z.number(),
    userId: z.number(),
    raw: z.string(),
    /** 1, and one more with each edit that is not a ninja edit. */
    version: z.number(),
    createdAt: z.number(),
    updatedAt: z.number(),
    versionAt: z.number(),
    /** The words that its last ninja edits started from. */
    versionRaw: z.string().nullable(),
    /** Who changed it last. */
    editorId: z.number(),
    deleted: z.boolean(),
    /** What it said before its author took it back; since then it stays for a day, with other words. */
    takenBack: z.string().nullable(),
    viaEmail: z.boolean(),
    replyTo: z.number().nullable(),
    editReason: z.string().nullable(),
    /** Something that the forum says of the topic, e.g. `closed.enabled`; null: somebody's words. */
    action: z.string().nullable(),
  })
  .readonly();
export type Post = z.infer<typeof postShape>;

/** What somebody wants to post. */
export const draftShape = z
  .object({
    raw: z.string(),
    title: z.string().optional(),
    topic: z.number().optional(),
    category: z.number().optional(),
    replyTo: z.number().optional(),
    /** Names and addresses with commas between, for a private message. */
    recipients: z.string().optional(),
    viaEmail: z.boolean().optional(),
  })
  .readonly();
export type Draft = z.infer<typeof draftShape>;

/** Held until a moderator approves it. */
export const heldShape = z
  .object({ id: z.number(), userId: z.number(), at: z.number(), draft: draftShape })
  .readonly();
export type Held = z.infer<typeof heldShape>;

/** What an API call that creates something was answered; the same call again gets the same. */
export const memoShape = z
  .object({ id: z.string(), at: z.number(), status: z.number(), body: z.unknown() })
  .readonly();
export type Memo = z.infer<typeof memoShape>;

export const secretsShape = z
  .object({ id: z.literal('secrets'), apiKey: z.string(), webhook: z.string() })
  .readonly();
export type Secrets = z.infer<typeof secretsShape>;

/** Where topics are. The list is part of the story and never changes. */
export interface Category {
  readonly id: number;
  readonly name: string;
  readonly slug: string;
  readonly parent: number | null;
  /** As in its address: the slugs from the top, then the id. */
  readonly path: string;
  readonly staffOnly: boolean;
  /** The group whose members moderate it. */
  readonly moderators: string | null;
}

/** Somebody with an account, and the groups they are in. */
export interface ForumUser extends User {
  readonly groups: readonly string[];
}

export interface ForumTopic extends Topic {
  readonly postsCount: number;
  readonly highestPostNumber: number;
}

export interface ForumPost extends Post {
  /** HTML. */
  readonly cooked: string;
  /** Its author took it back; it is still there. */
  readonly userDeleted: boolean;
}

/** One request, as answered. `status` 0: never answered. */
export interface Call {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly status: number;
  readonly at: number;
  readonly body?: unknown;
  /** Came with a key that is valid. */
  readonly authenticated: boolean;
}
